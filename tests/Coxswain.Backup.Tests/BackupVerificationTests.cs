using Coxswain.Storage;

namespace Coxswain.Backup.Tests;

public sealed class BackupVerificationTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private readonly Samples _samples = new();

    public void Dispose() => _samples.Dispose();

    private Task<VerificationReport> RunAsync(string path, Func<StoreEntry, ValueVerdict>? decode = null, Action<string>? files = null) => BackupVerification.RunAsync(
        path, Samples.Secret, _samples.PathOf("scratch"), files ?? (_ => { }), decode ?? (_ => ValueVerdict.Readable), TimeProvider.System, Cancellation);

    [Fact]
    public async Task A_good_backup_is_restored_read_back_decoded_and_noted_as_verified()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(3000));
        var path = await _samples.WriteAsync("good.coxswain-backup", store);
        Assert.Null((await BackupFile.ReadHeaderAsync(path, Cancellation)).Proof);
        var (decoded, folder) = (0, "");
        var report = await RunAsync(
            path,
            entry => Interlocked.Increment(ref decoded) % 3 == 0 ? ValueVerdict.Opaque : ValueVerdict.Readable,
            scratch => folder = File.ReadAllText(Path.Combine(scratch, "pki", "ca.key")));

        Assert.Equal((3000, 1000, 3000), (report.Objects, report.Opaque, decoded));
        Assert.Equal("key", folder);
        var proof = (await BackupFile.ReadHeaderAsync(path, Cancellation)).Proof!;
        Assert.Equal(3000, proof.Objects);
        Assert.False(Directory.Exists(_samples.PathOf("scratch")));
        // With its proof it is still whole, and the proof is known to be true.
        Assert.Equal(3000, (await BackupVerification.CheckAsync(path, Samples.Secret, Cancellation)).Objects);
        var bytes = await File.ReadAllBytesAsync(path, Cancellation);
        bytes[30] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Cancellation);
        await Assert.ThrowsAsync<BackupException>(() => BackupVerification.CheckAsync(path, Samples.Secret, Cancellation));
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_fails_the_verification_and_names_its_key()
    {
        await using var store = await Samples.StoreAsync(Samples.Some(10));
        var path = await _samples.WriteAsync("bad.coxswain-backup", store);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(path, entry => entry.Key.EndsWith("00007", StringComparison.Ordinal) ? throw new FormatException("no JSON") : ValueVerdict.Readable));
        Assert.Equal("The value of /registry/configmaps/default/c00007 cannot be read: no JSON", Assert.IsType<BackupException>(error).Message);
        Assert.Null((await BackupFile.ReadHeaderAsync(path, Cancellation)).Proof);
        Assert.False(Directory.Exists(_samples.PathOf("scratch")));
    }
}
