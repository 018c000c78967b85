using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Migration;

/// <summary>Stepping over revisions, snapshots, and files that are filled in one go.</summary>
public sealed class RevisionTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private static readonly StoreRange Everything = new("", null);
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-revision-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IStore Open(string kind) => kind == "memory" ? new MemoryStore() : SqliteStore.Open(Path.Combine(_folder, "state.db"));

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task A_store_that_steps_over_revisions_goes_on_after_them_and_forgets_those_before(string kind)
    {
        var store = Open(kind);
        await store.WriteAsync(new("/a", 0, "1"u8.ToArray()), Cancellation);
        var kept = (await store.WriteAsync(new("/b", 0, "1"u8.ToArray()), Cancellation)).Entry!;
        await store.WriteAsync(new("/a", 2, "2"u8.ToArray()), Cancellation);
        await using var watch = store.WatchAsync(Everything, 4, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync().AsTask();

        await RevisionRaiser.RaiseAsync(store, 1_000_000_000, "/scratch/", null, Cancellation);

        await Assert.ThrowsAsync<CompactedException>(() => next);
        Assert.Equal(new(1_000_000_000, 1_000_000_000), await store.GetRevisionsAsync(Cancellation));
        Assert.Equal(kept, await store.GetAsync("/b", Cancellation));
        var page = await store.ListAsync(Everything, default, Cancellation);
        Assert.Equal((1_000_000_000, 2), (page.Revision, page.Entries.Count));
        await Assert.ThrowsAsync<CompactedException>(async () => await store.ListAsync(Everything, new(4), Cancellation));
        Assert.Equal(1_000_000_001, (await store.WriteAsync(new("/a", 4, "3"u8.ToArray()), Cancellation)).Revision);
        await store.CompactAsync(1_000_000_001, Cancellation);
        await using (var again = store.WatchAsync(Everything, 1_000_000_001, Cancellation).GetAsyncEnumerator(Cancellation))
        {
            var change = again.MoveNextAsync().AsTask();
            await store.WriteAsync(new("/c", 0, "1"u8.ToArray()), Cancellation);
            Assert.True(await change);
            Assert.Equal("/c", Assert.Single(again.Current.Changes).Key);
        }

        if (kind == "sqlite")
        {
            await store.DisposeAsync();
            store = Open(kind);
            Assert.Equal(1_000_000_002, (await store.GetRevisionsAsync(Cancellation)).Current);
            Assert.Equal(3, (await store.ListAsync(Everything, default, Cancellation)).Count);
        }

        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_revision_that_was_stepped_to_is_there_after_reopening_without_a_write()
    {
        await using (var store = (SqliteStore)Open("sqlite"))
            await store.AdvanceAsync(77, Cancellation);
        await using var again = Open("sqlite");
        Assert.Equal(new(77, 77), await again.GetRevisionsAsync(Cancellation));
        Assert.Equal(0, (await again.ListAsync(Everything, default, Cancellation)).Count);
        Assert.Equal(78, (await again.WriteAsync(new("/a", 0, "1"u8.ToArray()), Cancellation)).Revision);
    }

    [Fact]
    public async Task A_store_without_steps_is_raised_by_writes_that_leave_nothing()
    {
        await using var inner = new MemoryStore();
        await using var store = new SwitchableStore(inner, TimeProvider.System);
        await store.WriteAsync(new("/a", 0, "1"u8.ToArray()), Cancellation);
        await RevisionRaiser.RaiseAsync(store, 5000, "/scratch/", null, Cancellation);
        Assert.InRange((await store.GetRevisionsAsync(Cancellation)).Current, 5000, 5200);
        Assert.Equal(1, (await store.ListAsync(Everything, default, Cancellation)).Count);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task A_snapshot_shows_one_state_while_writes_go_on(string kind)
    {
        await using var store = Open(kind);
        for (var i = 0; i < 5000; i++)
            await store.WriteAsync(new($"/k{i:0000}", 0, new byte[10]), Cancellation);
        await using var snapshot = await StoreSnapshot.OpenAsync(store, Cancellation);
        Assert.Equal(5000, await snapshot.CountAsync(Everything, Cancellation));
        var seen = new List<string>();
        await foreach (var page in snapshot.ReadAsync(StoreRange.Prefix("/k"), Cancellation))
        {
            await store.WriteAsync(new($"/k9999{seen.Count}", 0, new byte[10]), Cancellation);
            seen.AddRange(page.Select(e => e.Key));
        }

        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"/k{i:0000}"), seen);
        Assert.Equal(5001, snapshot.Revision);
    }

    [Fact]
    public async Task A_file_that_was_filled_in_one_go_is_a_store_like_any_other()
    {
        var path = Path.Combine(_folder, "filled.db");
        var revision = await SqliteStore.CreateAsync(path, Pages(), after: 500, Cancellation);
        Assert.Equal(500 + 3000 + 1, revision);
        await using (var store = SqliteStore.Open(path))
        {
            Assert.Equal(new(revision, revision), await store.GetRevisionsAsync(Cancellation));
            var page = await store.ListAsync(Everything, default, Cancellation);
            Assert.Equal(3000, page.Count);
            Assert.Equal(new("/k0042", new byte[] { 42 }, 543, 543), page.Entries[42]);
            Assert.Equal(revision + 1, (await store.WriteAsync(new("/k0042", 543, Value: null), Cancellation)).Revision);
            await store.CompactAsync(revision + 1, Cancellation);
            Assert.Equal(2999, (await store.ListAsync(Everything, default, Cancellation)).Count);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await Assert.ThrowsAsync<StoreException>(() => SqliteStore.CreateAsync(path, Pages(), 0, Cancellation));

        static async IAsyncEnumerable<IReadOnlyList<StoreEntry>> Pages()
        {
            await Task.Yield();
            foreach (var part in Enumerable.Range(0, 3000).Chunk(700))
                yield return [.. part.Select(i => new StoreEntry($"/k{i:0000}", new byte[] { (byte)i }, i + 1, i + 1))];
        }
    }
}
