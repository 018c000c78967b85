using System.Buffers.Binary;
using System.Text;
using Coxswain.Storage;
using FsCheck;
using FsCheck.Fluent;

namespace Coxswain.Backup.Tests;

public sealed class BackupFormatTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Samples _samples = new();

    public void Dispose() => _samples.Dispose();

    [Fact]
    public async Task What_is_written_is_read()
    {
        await using var store = await Samples.StoreAsync([.. Samples.Some(2500), ("/elsewhere/not-ours", [1])]);
        var path = await _samples.WriteAsync("a", store);

        var (entries, files, totals) = await Samples.ReadAsync(path);

        var expected = (await store.ListAsync(StoreRange.Prefix("/registry/"), default, Cancellation)).Entries;
        Assert.Equal(expected, entries);
        Assert.Equal(Samples.Content.Files.Select(f => (f.Name, f.Mode, Convert.ToHexString(f.Content))), files.Select(f => (f.Name, f.Mode, Convert.ToHexString(f.Content))));
        Assert.Equal((2500, 2), (totals.Objects, totals.Files));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Values_larger_than_a_chunk_and_empty_ones_and_an_empty_store_are_read_as_written()
    {
        var random = new Random(7);
        var large = new byte[5_000_000];
        random.NextBytes(large);
        await using var store = await Samples.StoreAsync(("/registry/a", large), ("/registry/b", []), ("/registry/c", new byte[(1 << 20) - 40]), ("/registry/d", [1]));
        Assert.Equal([large.Length, 0, (1 << 20) - 40, 1], (await Samples.ReadAsync(await _samples.WriteAsync("large", store))).Entries.Select(e => e.Value.Length));
        await using var empty = new MemoryStore();
        Assert.Empty((await Samples.ReadAsync(await _samples.WriteAsync("empty", empty))).Entries);
    }

    [Fact]
    public void Any_state_is_read_as_written()
    {
        var run = 0;
        var states = Gen.Choose(0, 3000).Select(size => Enumerable.Range(0, size % 40).Select(i => ($"/registry/{i * size:x}/{i}ü", new byte[size])).ToList()).ToArbitrary();
        Prop.ForAll(states, state =>
        {
            using var samples = new Samples();
#pragma warning disable VSTHRD002 // FsCheck's properties are synchronous
            return Task.Run(async () =>
            {
                await using var store = await Samples.StoreAsync(state);
                var (entries, _, _) = await Samples.ReadAsync(await samples.WriteAsync($"s{run++}", store));
                return entries.SequenceEqual((await store.ListAsync(new("", null), default, Cancellation)).Entries);
            }).Result;
#pragma warning restore VSTHRD002
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public async Task The_header_is_the_one_that_is_documented()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(1));
        var bytes = await File.ReadAllBytesAsync(await _samples.WriteAsync("golden", store), Cancellation);
        Assert.Equal("COXSWBAK", Encoding.ASCII.GetString(bytes, 0, 8));
        Assert.Equal(1, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(8)));
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(12));
        Assert.Equal(
            """{"createdAt":"2026-11-21T12:00:00+00:00","coxswain":"0.1.0","kubernetes":"v1.34.0","cluster":"c0ffee","store":"memory","revision":2,"objects":1,"keyDerivation":{"name":"PBKDF2-HMAC-SHA512","iterations":1000,"salt":"3VbeQTeVHZySaBsDQW7BX4hrRIKifjpRfTLwhSRMvl0="},"compression":"Deflate","cipher":"AES-256-GCM"}""",
            Encoding.UTF8.GetString(bytes, 80, length));
        // The tag of the header and the first chunk's: a file that was written once must be readable for ever.
        var tag = Convert.ToHexStringLower(bytes.AsSpan(80 + length + 32, 32));
        Assert.True(tag == Golden, tag);
    }

    private const string Golden = "137b01df037af7168de0cce58cc012c55d431335f802a413ff7bc0b8bb62b48a";

    [Fact]
    public async Task A_backup_with_any_byte_changed_is_refused()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(2));
        var path = await _samples.WriteAsync("flip", store);
        var bytes = await File.ReadAllBytesAsync(path, Cancellation);
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            await RefusedAsync(changed, $"byte {i} of {bytes.Length}");
        }
    }

    [Fact]
    public async Task A_backup_cut_off_anywhere_or_with_anything_appended_is_refused()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(2));
        var bytes = await File.ReadAllBytesAsync(await _samples.WriteAsync("cut", store), Cancellation);
        for (var length = 0; length < bytes.Length; length++)
            await RefusedAsync(bytes[..length], $"the first {length} of {bytes.Length} bytes");
        await RefusedAsync([.. bytes, 0], "one more byte");
        await RefusedAsync([.. bytes, .. bytes], "twice");
    }

    [Fact]
    public async Task Chunks_that_change_places_or_come_from_another_backup_are_refused()
    {
        var random = new Random(3);
        var values = Enumerable.Range(0, 5).Select(i =>
        {
            var value = new byte[1 << 20];
            random.NextBytes(value);
            return ($"/registry/{i}", value);
        }).ToList();
        await using var store = await Samples.StoreAsync(values);
        var one = await File.ReadAllBytesAsync(await _samples.WriteAsync("one", store), Cancellation);
        var other = await File.ReadAllBytesAsync(await _samples.WriteAsync("other", store), Cancellation);
        var chunks = Chunks(one);
        Assert.True(chunks.Count >= 5);

        await RefusedAsync(Joined(one, [chunks[0], chunks[2], chunks[1], .. chunks[3..]]), "two chunks exchanged");
        await RefusedAsync(Joined(one, [.. chunks[..2], .. chunks[3..]]), "a chunk left out");
        await RefusedAsync(Joined(one, [.. chunks[..2], chunks[1], .. chunks[2..]]), "a chunk twice");
        await RefusedAsync(Joined(one, [.. chunks[..^1]]), "the last chunk left out");
        var mixed = (byte[])one.Clone();
        var second = Chunks(other)[1];
        Assert.Equal(chunks[1], second);
        other.AsSpan(second).CopyTo(mixed.AsSpan(second));
        await RefusedAsync(mixed, "a chunk of another backup");
    }

    private static List<Range> Chunks(byte[] file)
    {
        var chunks = new List<Range>();
        for (var at = 80 + BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(12)) + 64; at < file.Length;)
        {
            var length = 20 + (int)(BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)) & 0x7fffffff);
            chunks.Add(at..(at + length));
            at += length;
        }

        return chunks;
    }

    private static byte[] Joined(byte[] file, IEnumerable<Range> chunks) =>
        [.. file.AsSpan(0, Chunks(file)[0].Start.Value), .. chunks.SelectMany(c => file[c])];

    private async Task RefusedAsync(byte[] bytes, string what)
    {
        var path = _samples.PathOf("changed");
        await File.WriteAllBytesAsync(path, bytes, Cancellation);
        try
        {
            await BackupVerification.CheckAsync(path, Samples.Secret, Cancellation);
        }
        catch (BackupException e)
        {
            Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Fail($"a backup was taken though it has {what}");
    }

    [Fact]
    public async Task Garbage_is_refused_with_a_reason()
    {
        var random = new Random(11);
        await using var store = await Samples.StoreAsync(Samples.Some(3));
        var good = await File.ReadAllBytesAsync(await _samples.WriteAsync("good", store), Cancellation);
        for (var round = 0; round < 300; round++)
        {
            var bytes = round % 3 == 0 ? new byte[random.Next(400)] : (byte[])good.Clone();
            var from = round % 3 == 0 ? 0 : random.Next(bytes.Length);
            random.NextBytes(bytes.AsSpan(from, Math.Min(random.Next(1, 60), bytes.Length - from)));
            if (!bytes.AsSpan().SequenceEqual(good))
                await RefusedAsync(bytes, $"garbage of round {round}");
        }
    }

    [Fact]
    public async Task Another_secret_is_told_from_damage()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(1));
        var path = await _samples.WriteAsync("secret", store);
        var wrong = await Assert.ThrowsAsync<BackupException>(() => BackupFile.OpenAsync(path, BackupSecret.FromPassphrase("another one"), Cancellation));
        Assert.Equal("The passphrase is not the one that it was made with.", wrong.Message);

        var keyFile = _samples.PathOf("key");
        await File.WriteAllBytesAsync(keyFile, Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(), Cancellation);
        var key = BackupSecret.FromKeyFile(keyFile);
        Assert.Contains("--passphrase-file", (await Assert.ThrowsAsync<BackupException>(() => BackupFile.OpenAsync(path, key, Cancellation))).Message, StringComparison.Ordinal);
        var withKey = await _samples.WriteAsync("with-key", store, key);
        Assert.Single((await Samples.ReadAsync(withKey, key)).Entries);
        Assert.Contains("--key-file", (await Assert.ThrowsAsync<BackupException>(() => Samples.ReadAsync(withKey))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_too_short_to_keep_anything_are_refused()
    {
        var file = _samples.PathOf("secret");
        foreach (var text in new[] { "", "short", "short\nlonger than that" })
        {
            await File.WriteAllTextAsync(file, text, Cancellation);
            Assert.Contains("shorter than", Assert.Throws<BackupException>(() => BackupSecret.FromPassphraseFile(file)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("fewer than 32", Assert.Throws<BackupException>(() => BackupSecret.FromKeyFile(file)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<BackupException>(() => BackupSecret.FromPassphraseFile(_samples.PathOf("nowhere"))).Message, StringComparison.Ordinal);
        Assert.Equal("passphrase", Samples.Secret.ToString());
    }

    [Theory]
    [InlineData("\"iterations\":1000", "\"iterations\":2000000000")]
    [InlineData("\"iterations\":1000", "\"iterations\":-1")]
    [InlineData("PBKDF2-HMAC-SHA512", "scrypt-of-1-TiB-of-memory")]
    [InlineData("AES-256-GCM", "ROT-13")]
    public async Task A_forged_header_costs_nothing_and_is_refused(string from, string to)
    {
        await using var store = await Samples.StoreAsync(Samples.Some(1));
        var bytes = await File.ReadAllBytesAsync(await _samples.WriteAsync("forged", store), Cancellation);
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(12));
        var json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes, 80, length).Replace(from, to, StringComparison.Ordinal));
        byte[] prefix = bytes[..16];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(12), json.Length);
        byte[] hash = System.Security.Cryptography.SHA256.HashData([.. prefix, .. json]);
        var since = System.Diagnostics.Stopwatch.GetTimestamp();
        await RefusedAsync([.. prefix, .. new byte[64], .. json, .. hash, .. bytes[(80 + length + 32)..]], "a forged header");
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_newer_form_says_so()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(1));
        var path = await _samples.WriteAsync("newer", store);
        var bytes = await File.ReadAllBytesAsync(path, Cancellation);
        bytes[9] = 2;
        await File.WriteAllBytesAsync(path, bytes, Cancellation);
        Assert.Equal("It was made by a newer version (form 2; this one knows 1); use that version.",
            (await Assert.ThrowsAsync<BackupException>(() => BackupFile.ReadHeaderAsync(path, Cancellation))).Message);
    }

    [Fact]
    public async Task After_a_failure_nothing_is_left()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(5));
        await store.CompactAsync(3, Cancellation);
        await using var snapshot = await StoreSnapshot.OpenAsync(store, Cancellation);
        await store.WriteAsync(new("/registry/more", 0, "x"u8.ToArray()), Cancellation);
        await store.CompactAsync(7, Cancellation);
        var path = _samples.PathOf("failed");
        await Assert.ThrowsAsync<CompactedException>(() => BackupFile.WriteAsync(path, Samples.Secret, Samples.Content, snapshot, TimeProvider.System, Cancellation));
        Assert.False(File.Exists(path));
        await File.WriteAllTextAsync(path, "somebody else's", Cancellation);
        await using var again = await StoreSnapshot.OpenAsync(store, Cancellation);
        await Assert.ThrowsAsync<BackupException>(() => BackupFile.WriteAsync(path, Samples.Secret, Samples.Content, again, TimeProvider.System, Cancellation));
        Assert.Equal("somebody else's", await File.ReadAllTextAsync(path, Cancellation));
    }
}
