using System.Runtime.CompilerServices;
using Coxswain.ApiServer.Cache;
using Coxswain.Storage;
using Coxswain.Testing;
using static Coxswain.ApiServer.Tests.Cache.CacheFixture;

namespace Coxswain.ApiServer.Tests.Cache;

public sealed class StoreFeedTests
{
    [Fact]
    public async Task A_watch_of_the_store_that_broke_is_resumed_without_a_gap()
    {
        await using var fixture = new CacheFixture(new FlakyStore(new MemoryStore()));
        var store = (FlakyStore)fixture.Store;
        await fixture.Cache.ReadyAsync(Cancellation);
        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix });
        await fixture.PutAsync("a");
        await fixture.Cache.CatchUpAsync(Cancellation);

        store.Break(new StoreException("the disk does not answer"));
        await fixture.PutAsync("b");
        await Eventually.TrueAsync(() => fixture.Feed.Failures == 1 && fixture.Clock.Waiting > 1, cancellation: Cancellation);
        var last = await fixture.PutAsync("c");
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["Added a@2", "Added b@3", "Added c@4"], await ReadAsync(watch, last));
        Assert.Equal(0, fixture.Feed.Reloads);
    }

    [Fact]
    public async Task Missed_changes_make_the_cache_read_anew_and_end_its_watches()
    {
        await using var fixture = new CacheFixture(new FlakyStore(new MemoryStore()));
        var store = (FlakyStore)fixture.Store;
        await fixture.PutAsync("gone");
        await fixture.Cache.ReadyAsync(Cancellation);
        await fixture.PutAsync("kept");
        await fixture.Cache.CatchUpAsync(Cancellation);
        var kept = fixture.Cache.Snapshot().Find(Key("kept"));
        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 3 });

        store.Hold();
        await fixture.DeleteAsync("gone");
        var last = await fixture.PutAsync("new");
        store.Break(new CompactedException(3, last));
        await fixture.Cache.WaitForRevisionAsync(last, Cancellation);

        Assert.Equal(["kept", "new"], fixture.Cache.Snapshot().Range(Prefix).Select(cached => cached.Name));
        Assert.Same(kept, fixture.Cache.Snapshot().Find(Key("kept")));
        Assert.False(await watch.WaitToReadAsync(Cancellation) && watch.TryRead(out _));
        Assert.Equal(SubscriptionEnd.Reloaded, watch.End);
        Assert.Throws<ExpiredException>(() => fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 3 }));

        var after = await fixture.PutAsync("after");
        await fixture.Cache.WaitForRevisionAsync(after, Cancellation);
        Assert.Equal(3, fixture.Cache.Count);
    }

    [Fact]
    public async Task A_closed_store_ends_the_waiting_for_a_revision()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        var waiting = fixture.Cache.WaitForRevisionAsync(1000, Cancellation).AsTask();
        await fixture.Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Fact]
    public async Task A_cache_whose_first_list_failed_loads_when_asked_again()
    {
        await using var fixture = new CacheFixture(new FlakyStore(new MemoryStore()) { FailLists = 1 });
        await fixture.PutAsync("a");
        await Assert.ThrowsAsync<StoreException>(async () => await fixture.Cache.ReadyAsync(Cancellation));

        await fixture.Cache.ReadyAsync(Cancellation);
        Assert.Equal(1, fixture.Cache.Count);
    }

    /// <summary>A store whose watches can be held up and broken.</summary>
    private sealed class FlakyStore(IStore inner) : IStore
    {
        public bool ExpiresKeys => inner.ExpiresKeys;

        private readonly Lock _gate = new();
        private TaskCompletionSource<Exception> _break = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _held;

        public int FailLists { get; set; }

        public void Hold()
        {
            lock (_gate)
                _held = true;
        }

        public void Break(Exception error)
        {
            lock (_gate)
            {
                _break.SetResult(error);
                (_break, _held) = (new(TaskCreationOptions.RunContinuationsAsynchronously), false);
            }
        }

        public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
        {
            Task<Exception> broken;
            lock (_gate)
                broken = _break.Task;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await using var watch = inner.WatchAsync(range, after, stop.Token).GetAsyncEnumerator(stop.Token);
            while (true)
            {
                var next = watch.MoveNextAsync().AsTask();
                await Task.WhenAny(next, broken);
                bool held;
                lock (_gate)
                    held = _held;
                if (held || broken.IsCompleted)
                {
                    await stop.CancelAsync();
                    await Task.WhenAny(next);
                    throw await broken;
                }

                if (!await next)
                    yield break;
                yield return watch.Current;
            }
        }

        public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) =>
            FailLists-- > 0 ? throw new StoreException("the disk does not answer") : inner.ListAsync(range, options, cancellation);

        public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

        public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

        public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation) => inner.WriteAsync(write, cancellation);

        public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
