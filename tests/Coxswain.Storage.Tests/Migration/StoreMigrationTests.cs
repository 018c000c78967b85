#pragma warning disable VSTHRD002 // The hook of a step is called on the thread of the migration, and the stores of these tests answer at once.
using System.Collections.Concurrent;
using System.Text;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Migration;

public sealed class StoreMigrationTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private static readonly StoreRange Registry = StoreRange.Prefix("/registry/");
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IStore Open(string kind, string name) => kind switch
    {
        "sqlite" => SqliteStore.Open(Path.Combine(_folder, name + ".db")),
        // As etcd: its revisions come from writes only.
        "plain" => new FaultyStore(new MemoryStore()),
        _ => new MemoryStore(),
    };

    private static async Task FillAsync(IStore store, int count)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, count), Cancellation, async (i, c) =>
            await store.WriteAsync(new($"/registry/things/{i:00000}", 0, Encoding.UTF8.GetBytes($"first {i}")), c));
    }

    [Theory]
    [InlineData("memory", "memory")]
    [InlineData("memory", "plain")]
    [InlineData("sqlite", "plain")]
    [InlineData("plain", "sqlite")]
    public async Task Everything_moves_while_writers_write_and_watchers_watch(string from, string to)
    {
        await using var store = new SwitchableStore(Open(from, "from"), TimeProvider.System);
        await FillAsync(store, 3000);
        var target = Open(to, "to");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var acknowledged = new ConcurrentDictionary<string, (string Value, long Revision)>();
        var switched = 0;
        var writers = Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            long last = 0;
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var key = $"/registry/writer/{w}-{n % 50}";
                var value = $"{w}/{n}";
                var result = await WriteAnywayAsync(store, key, value);
                Assert.True(result.Revision > last, $"revision {result.Revision} after {last}");
                acknowledged[key] = (value, last = result.Revision);
                if (Volatile.Read(ref switched) > 0)
                    Interlocked.Increment(ref switched);

                // A memory store would take hundreds of thousands of writes each second and forget its past in no time.
                await Task.Delay(1, CancellationToken.None);
            }
        })).ToList();
        var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watcher = Task.Run(() => WatchAsync(store, listed));
        await listed.Task;

        var steps = new List<MigrationStep>();
        var migration = new StoreMigration(store, target, new() { Margin = 20_000 }, new Steps(steps.Add), TimeProvider.System);
        var report = await migration.RunAsync(Cancellation);
        Interlocked.Increment(ref switched);
        while (Volatile.Read(ref switched) < 200)
            await Task.Delay(5, Cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await store.WriteAsync(new("/registry/last", 0, "last"u8.ToArray()), Cancellation);

        Assert.Same(target, store.Current);
        Assert.True(report.TargetRevision > report.SourceRevision);
        Assert.True(report.Pause < TimeSpan.FromSeconds(5), $"writes waited {report.Pause}");
        var state = (await store.ListAsync(Registry, default, Cancellation)).Entries.ToDictionary(e => e.Key);
        Assert.Equal(3001 + acknowledged.Count, state.Count);
        foreach (var (key, (value, revision)) in acknowledged)
        {
            Assert.Equal(value, Encoding.UTF8.GetString(state[key].Value.Span));
            Assert.True(state[key].ModRevision >= revision, $"{key} went back from {revision} to {state[key].ModRevision}");
        }

        Assert.All(state.Values, e => Assert.True(e.ModRevision > report.SourceRevision, $"{e.Key} has a revision that clients have seen before"));
        var (seen, relists) = await watcher;
        Assert.True(relists >= 1, "the watcher was not sent to read anew");
        foreach (var (key, entry) in state)
            Assert.True(seen.TryGetValue(key, out var mine) && mine == Encoding.UTF8.GetString(entry.Value.Span), $"the watcher has another {key}");
        Assert.Equal(0, (await store.ListAsync(StoreRange.Prefix("/coxswain/"), default, Cancellation)).Count);
        Assert.Equal(Enum.GetValues<MigrationPhase>(), steps.Where(s => s.Done).Select(s => s.Phase).Distinct().Order());
    }

    private static async Task<WriteResult> WriteAnywayAsync(IStore store, string key, string value)
    {
        var expected = 0L;
        while (true)
        {
            var result = await store.WriteAsync(new(key, expected, Encoding.UTF8.GetBytes(value)), CancellationToken.None);
            if (result.Committed)
                return result;
            expected = result.Entry?.ModRevision ?? 0;
        }
    }

    /// <summary>What a cache does: list, watch, list again when told that the past is gone. Revisions must never go backwards.</summary>
    private static async Task<(Dictionary<string, string> State, int Relists)> WatchAsync(IStore store, TaskCompletionSource listed)
    {
        long newest = 0;
        for (var relists = 0; ; relists++)
        {
            var page = await store.ListAsync(Registry, default, CancellationToken.None);
            Assert.True(page.Revision >= newest, $"a list at {page.Revision} after {newest}");
            newest = page.Revision;
            listed.TrySetResult();
            var state = page.Entries.ToDictionary(e => e.Key, e => Encoding.UTF8.GetString(e.Value.Span));
            try
            {
                await foreach (var batch in store.WatchAsync(Registry, newest, CancellationToken.None))
                {
                    foreach (var change in batch.Changes)
                    {
                        Assert.True(change.Revision > newest);
                        newest = change.Revision;
                        state[change.Key] = Encoding.UTF8.GetString(change.After!.Value.Span);
                    }

                    newest = Math.Max(newest, batch.Revision);
                    if (state.ContainsKey("/registry/last"))
                        return (state, relists);
                }
            }
            catch (CompactedException)
            {
                // Once around.
            }
        }
    }

    [Fact]
    public async Task What_is_deleted_and_made_anew_meanwhile_is_so_in_the_target()
    {
        await using var store = new SwitchableStore(new MemoryStore(), TimeProvider.System);
        await FillAsync(store, 300);
        await store.WriteAsync(new("/registry/masterleases/10.0.0.1", 0, "lease"u8.ToArray()), Cancellation);
        await store.WriteAsync(new("/elsewhere", 0, "not ours"u8.ToArray()), Cancellation);
        var target = new MemoryStore();
        var once = false;
        await new StoreMigration(store, target, new(), new Steps(step =>
        {
            if (step is not { Phase: MigrationPhase.Copy, Done: true } || once)
                return;
            once = true;
            // In the middle of it, on the migration's own thread: the stores of this test answer at once.
            var entry = store.GetAsync("/registry/things/00007", Cancellation).AsTask().Result!;
            Assert.True(store.WriteAsync(new(entry.Key, entry.ModRevision, Value: null), Cancellation).AsTask().Result.Committed);
            entry = store.GetAsync("/registry/things/00008", Cancellation).AsTask().Result!;
            Assert.True(store.WriteAsync(new(entry.Key, entry.ModRevision, Value: null), Cancellation).AsTask().Result.Committed);
            Assert.True(store.WriteAsync(new(entry.Key, 0, "again"u8.ToArray()), Cancellation).AsTask().Result.Committed);
        }), TimeProvider.System).RunAsync(Cancellation);

        Assert.Null(await target.GetAsync("/registry/things/00007", Cancellation));
        Assert.Equal("again", Encoding.UTF8.GetString((await target.GetAsync("/registry/things/00008", Cancellation))!.Value.Span));
        Assert.Equal(299, (await target.ListAsync(Registry, default, Cancellation)).Count);
        Assert.Null(await target.GetAsync("/registry/masterleases/10.0.0.1", Cancellation));
        Assert.Null(await target.GetAsync("/elsewhere", Cancellation));
    }

    [Theory]
    [InlineData(MigrationPhase.Prepare)]
    [InlineData(MigrationPhase.Raise)]
    [InlineData(MigrationPhase.Copy)]
    [InlineData(MigrationPhase.Follow)]
    [InlineData(MigrationPhase.Check)]
    [InlineData(MigrationPhase.Pause)]
    public async Task A_failure_in_any_step_before_the_switch_leaves_the_source_in_use(MigrationPhase phase)
    {
        var source = new MemoryStore();
        await using var store = new SwitchableStore(source, TimeProvider.System);
        await FillAsync(store, 500);
        var target = new FaultyStore(new MemoryStore());
        var migration = new StoreMigration(store, target, new() { Margin = 100 }, new Steps(s =>
        {
            if (s.Phase == phase)
                throw new IOException("the network is down.");
        }), TimeProvider.System);

        var error = await Assert.ThrowsAsync<MigrationException>(() => migration.RunAsync(Cancellation));
        Assert.Equal("the network is down. The datastore was not changed.", error.Message);
        Assert.False(migration.Switched);
        Assert.Same(source, store.Current);
        Assert.True((await store.WriteAsync(new("/registry/after", 0, "1"u8.ToArray()), Cancellation)).Committed);
        await store.CompactAsync(400, Cancellation);

        // What lies in the target is known as ours, and is cleared when asked to.
        var again = new StoreMigration(store, target, new() { Margin = 100 }, new Steps(_ => { }), TimeProvider.System);
        if (phase > MigrationPhase.Raise)
            Assert.Contains("--resume", (await Assert.ThrowsAsync<MigrationException>(() => again.RunAsync(Cancellation))).Message, StringComparison.Ordinal);
        var report = await new StoreMigration(store, target, new() { Margin = 100, Resume = true }, new Steps(_ => { }), TimeProvider.System).RunAsync(Cancellation);
        Assert.Equal(501, report.Keys);
        Assert.Same(target, store.Current);
    }

    [Fact]
    public async Task A_target_that_fails_or_is_changed_by_another_or_cannot_be_noted_is_not_switched_to()
    {
        await using var store = new SwitchableStore(new MemoryStore(), TimeProvider.System);
        await FillAsync(store, 200);
        var source = store.Current;

        var failing = new FaultyStore(new MemoryStore()) { FailAfterWrites = 150 };
        await Assert.ThrowsAsync<MigrationException>(() => Run(failing, new() { Margin = 10 }));

        var changed = new FaultyStore(new MemoryStore());
        var error = await Assert.ThrowsAsync<MigrationException>(() => new StoreMigration(store, changed, new() { Margin = 10 }, new Steps(s =>
        {
            if (s is { Phase: MigrationPhase.Copy, Done: true })
                changed.WriteAsync(new("/registry/stranger", 0, "x"u8.ToArray()), Cancellation).AsTask().Wait();
        }), TimeProvider.System).RunAsync(Cancellation));
        Assert.Contains("/registry/stranger", error.Message, StringComparison.Ordinal);

        var unnoted = new FaultyStore(new MemoryStore());
        await Assert.ThrowsAsync<MigrationException>(() => Run(unnoted, new() { Margin = 10, Persist = _ => throw new IOException("disk full.") }));
        Assert.NotNull(await unnoted.GetAsync("/coxswain/migration/marker", Cancellation));

        var used = new MemoryStore();
        await used.WriteAsync(new("/registry/namespaces/default", 0, "x"u8.ToArray()), Cancellation);
        Assert.Contains("not empty", (await Assert.ThrowsAsync<MigrationException>(() => Run(used, new() { Resume = true }))).Message, StringComparison.Ordinal);

        Assert.Same(source, store.Current);
        Assert.True((await store.WriteAsync(new("/registry/after", 0, "1"u8.ToArray()), Cancellation)).Committed);

        Task<MigrationReport> Run(IStore target, MigrationOptions options) =>
            new StoreMigration(store, target, options, new Steps(_ => { }), TimeProvider.System).RunAsync(Cancellation);
    }

    [Fact]
    public async Task A_last_step_that_takes_too_long_is_given_up_and_writes_go_on()
    {
        await using var store = new SwitchableStore(new MemoryStore(), TimeProvider.System);
        await FillAsync(store, 10);
        var source = store.Current;
        var target = new FaultyStore(new MemoryStore());
        var migration = new StoreMigration(
            store, target, new() { Margin = 10, PauseLimit = TimeSpan.FromMilliseconds(200), Persist = c => Task.Delay(Timeout.Infinite, c) }, new Steps(_ => { }), TimeProvider.System);
        var error = await Assert.ThrowsAsync<MigrationException>(() => migration.RunAsync(Cancellation));
        Assert.Contains("writes go on in the source", error.Message, StringComparison.Ordinal);
        Assert.Same(source, store.Current);
        Assert.True((await store.WriteAsync(new("/registry/after", 0, "1"u8.ToArray()), Cancellation)).Committed);
    }

    [Fact]
    public async Task A_source_that_goes_on_beyond_the_margin_makes_the_target_get_newer_revisions()
    {
        await using var store = new SwitchableStore(new MemoryStore(), TimeProvider.System);
        await FillAsync(store, 100);
        var target = new FaultyStore(new MemoryStore());
        var pushed = false;
        var report = await new StoreMigration(store, target, new() { Margin = 50 }, new Steps(s =>
        {
            if (s is { Phase: MigrationPhase.Check, Done: true } && !pushed)
            {
                pushed = true;
                for (var i = 0; i < 200; i++)
                    store.WriteAsync(new($"/registry/late/{i}", 0, "x"u8.ToArray()), Cancellation).AsTask().Wait();
            }
        }), TimeProvider.System).RunAsync(Cancellation);
        Assert.Equal(300, report.Keys);
        Assert.All((await store.ListAsync(Registry, default, Cancellation)).Entries, e => Assert.True(e.ModRevision > report.SourceRevision));
    }

    private sealed class Steps(Action<MigrationStep> tell) : IProgress<MigrationStep>
    {
        public void Report(MigrationStep value) => tell(value);
    }

    /// <summary>A store as etcd is, without steps over revisions, that can be made to fail.</summary>
    private sealed class FaultyStore(MemoryStore inner) : IStore
    {
        private int _writes;

        public int FailAfterWrites { get; init; } = int.MaxValue;

        public bool ExpiresKeys => true;

        public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

        public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

        public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) => inner.ListAsync(range, options, cancellation);

        public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation) => Interlocked.Increment(ref _writes) > FailAfterWrites
            ? throw new StoreUnavailableException("no quorum.")
            : inner.WriteAsync(write, cancellation);

        public IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, CancellationToken cancellation) => inner.WatchAsync(range, after, cancellation);

        public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
