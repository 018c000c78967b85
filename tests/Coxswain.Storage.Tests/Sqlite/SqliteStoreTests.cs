using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Sqlite;

public sealed class SqliteStoreTests : StoreContract
{
    private readonly ScratchFolder _folder = new();

    protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(_folder.Store));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_store_that_is_opened_again_goes_on_where_it_stopped()
    {
        var a = await PutAsync("/a", "1");
        var b = await PutAsync("/b", "1");
        var gone = await DeleteAsync("/b", b.Revision);
        await Store.CompactAsync(b.Revision, Cancellation);
        await Store.DisposeAsync();

        await using var again = SqliteStore.Open(_folder.Store);
        Assert.Equal(new(gone.Revision, b.Revision), await again.GetRevisionsAsync(Cancellation));
        Assert.Equal(a.Entry, await again.GetAsync("/a", Cancellation));
        Assert.Null(await again.GetAsync("/b", Cancellation));
        Assert.Equal(2, (await again.ListAsync(Everything, new(b.Revision), Cancellation)).Count);
        await using var watch = again.WatchAsync(Everything, b.Revision, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal([new(b.Entry, null, gone.Revision)], watch.Current.Changes);
    }

    [Fact]
    public async Task A_copy_made_while_others_write_is_a_store_at_one_revision()
    {
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                await PutAsync($"/{writer}/{i}", $"{i}");
        })).ToArray();
        var path = _folder.Path("copy.db");
        await ((SqliteStore)Store).CopyToAsync(path, Cancellation);
        await Task.WhenAll(writers);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await using var copy = SqliteStore.Open(path);
        var revision = (await copy.GetRevisionsAsync(Cancellation)).Current;
        var expected = await Store.ListAsync(Everything, new(revision), Cancellation);
        Assert.Equal(expected.Entries, (await copy.ListAsync(Everything, default, Cancellation)).Entries);
        Assert.Equal(revision + 1, (await copy.WriteAsync(new("/more", 0, Bytes("v")), Cancellation)).Revision);

        var error = await Assert.ThrowsAsync<StoreException>(async () => await copy.CopyToAsync(path, Cancellation));
        Assert.Equal($"The file {path} exists already; name another one.", error.Message);
    }

    [Fact]
    public async Task Only_the_owner_may_read_the_files()
    {
        await PutAsync("/secrets/a", "1");

        foreach (var file in (string[])["", "-wal", "-shm", ".lock"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Store + file));
    }

    [Fact]
    public async Task Writes_that_wait_together_share_a_commit()
    {
        var store = (SqliteStore)Store;
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => PutAsync($"/k{i}", "v").AsTask()));

        Assert.Equal(500, store.Writes);
        Assert.InRange(store.Commits, 1, 250);
    }

    [Fact]
    public async Task A_watch_that_fell_behind_the_memory_reads_the_file_and_misses_nothing()
    {
        await Store.DisposeAsync();
        await using var store = SqliteStore.Open(_folder.Store, new() { LogCount = 8 });
        await using var watch = store.WatchAsync(Everything, 1, Cancellation).GetAsyncEnumerator(Cancellation);
        var expected = new List<long>();
        var seen = new List<long>();
        for (var i = 0; i < 2000; i++)
        {
            expected.Add((await store.WriteAsync(new($"/k{i % 10}", i < 10 ? 0 : expected[^10], Bytes("v")), Cancellation)).Revision);

            // Sometimes it is behind by more than the memory holds, sometimes by less.
            while (i % 97 == 0 && (seen.Count == 0 || seen[^1] < expected[^1]) && await watch.MoveNextAsync())
                seen.AddRange(watch.Current.Changes.Select(change => change.Revision));
        }

        while (seen[^1] < expected[^1] && await watch.MoveNextAsync())
            seen.AddRange(watch.Current.Changes.Select(change => change.Revision));
        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task Compaction_gives_space_back_to_the_file_system()
    {
        var value = new byte[64 << 10];
        var revision = (await Store.WriteAsync(new("/a", 0, value), Cancellation)).Revision;
        for (var i = 0; i < 400; i++)
            revision = (await Store.WriteAsync(new("/a", revision, value), Cancellation)).Revision;
        await Store.DisposeAsync();
        var before = new FileInfo(_folder.Store).Length;
        Assert.True(before > 400 * value.Length);

        await using var store = SqliteStore.Open(_folder.Store);
        await store.CompactAsync(revision, Cancellation);

        await Testing.Eventually.TrueAsync(() => new FileInfo(_folder.Store).Length < before / 2, () => $"{before} -> {store.SizeBytes}", Cancellation);
        Assert.Equal(value.Length, (await store.GetAsync("/a", Cancellation))!.Value.Length);
    }

    [Fact]
    public async Task Writers_go_on_during_a_long_compaction()
    {
        var revision = 1L;
        for (var i = 0; i < 40; i++)
            revision = (await Task.WhenAll(Enumerable.Range(0, 500).Select(n => PutAsync($"/k{i}-{n}", "v").AsTask()))).Max(result => result.Revision);
        foreach (var entry in (await Store.ListAsync(Everything, new(Limit: 5000), Cancellation)).Entries.Chunk(500))
            await Task.WhenAll(entry.Select(one => DeleteAsync(one.Key, one.ModRevision).AsTask()));
        var target = (await Store.GetRevisionsAsync(Cancellation)).Current;

        var compaction = Store.CompactAsync(target, Cancellation).AsTask();
        var during = 0;
        while (!compaction.IsCompleted)
        {
            Assert.True((await PutAsync($"/during{during}", "v")).Committed);
            during++;
        }

        await compaction;
        Assert.True(during >= 2, $"only {during} writes got through");
        Assert.Equal(15_000 + during, (await Store.ListAsync(Everything, default, Cancellation)).Count);
    }

    [Fact]
    public async Task A_store_at_its_size_limit_refuses_writes_serves_the_rest_and_recovers_by_compaction()
    {
        await Store.DisposeAsync();
        await using var store = SqliteStore.Open(_folder.Store, new() { MaxBytes = 1 << 20 });
        var revision = (await store.WriteAsync(new("/a", 0, new byte[8192]), Cancellation)).Revision;
        var error = await Assert.ThrowsAsync<StoreFullException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                revision = (await store.WriteAsync(new("/a", revision, new byte[8192]), Cancellation)).Revision;
        });

        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
        Assert.True(store.Full);
        Assert.Equal(new(revision, 0), await store.GetRevisionsAsync(Cancellation));
        Assert.Equal(revision, (await store.GetAsync("/a", Cancellation))!.ModRevision);
        Assert.Equal(1, (await store.ListAsync(Everything, default, Cancellation)).Count);

        await store.CompactAsync(revision, Cancellation);
        Assert.Equal(revision + 1, (await store.WriteAsync(new("/a", revision, new byte[8192]), Cancellation)).Revision);
        Assert.False(store.Full);
    }
}
