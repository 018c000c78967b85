using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.Storage;
using Coxswain.Testing;
using static Coxswain.ApiServer.Tests.Cache.CacheFixture;

namespace Coxswain.ApiServer.Tests.Cache;

public sealed class WatchCacheTests
{
    [Fact]
    public async Task A_cache_shows_what_was_there_and_what_came_since()
    {
        await using var fixture = new CacheFixture();
        await fixture.PutAsync("a");
        await fixture.Cache.ReadyAsync(Cancellation);
        var b = await fixture.PutAsync("b");
        await fixture.Cache.CatchUpAsync(Cancellation);

        var snapshot = fixture.Cache.Snapshot();
        Assert.Equal(["a", "b"], snapshot.Range(Prefix).Select(cached => cached.Name));
        Assert.Equal(b, snapshot.Revision);
        var found = snapshot.Find(Key("b"))!;
        Assert.Equal((b, b.ToString()), (found.Revision, found.Object.Metadata.ResourceVersion));
        Assert.Contains($"\"resourceVersion\":\"{b}\"", Encoding.UTF8.GetString(found.Json.Span), StringComparison.Ordinal);
        Assert.Equal(snapshot.Range(Prefix).Sum(cached => cached.Json.Length), fixture.Cache.Bytes);
    }

    [Fact]
    public async Task A_consistent_read_sees_every_write_acknowledged_before_it()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        for (var i = 0; i < 200; i++)
        {
            var revision = await fixture.PutAsync("a");
            await fixture.Cache.CatchUpAsync(Cancellation);
            Assert.Equal(revision, fixture.Cache.Snapshot().Find(Key("a"))!.Revision);
        }
    }

    [Fact]
    public async Task A_consistent_read_does_not_wait_for_ever_for_changes_that_do_not_come()
    {
        await using var fixture = new CacheFixture(new DeafStore());
        await fixture.PutAsync("a");
        await fixture.Cache.ReadyAsync(Cancellation);
        await fixture.PutAsync("b");

        var read = fixture.Cache.TryCatchUpAsync(Cancellation).AsTask();
        Assert.False(read.IsCompleted);
        await Eventually.TrueAsync(() =>
        {
            fixture.Clock.Advance(TimeSpan.FromSeconds(5));
            return read.IsCompleted;
        }, cancellation: Cancellation);

        Assert.Contains("do not come", await read, StringComparison.Ordinal);
        Assert.Equal(1, fixture.Cache.StaleReads);
        Assert.NotNull(fixture.Cache.Snapshot().Find(CacheFixture.Key("a")));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
        {
            var strict = fixture.Cache.CatchUpAsync(Cancellation).AsTask();
            while (!strict.IsCompleted)
                fixture.Clock.Advance(TimeSpan.FromSeconds(5));
            await strict;
        });
    }

    [Fact]
    public async Task A_kind_without_changes_is_as_fresh_as_the_others()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        var elsewhere = (await fixture.Store.WriteAsync(new("/registry/pods/default/x", 0, "{}"u8.ToArray()), Cancellation)).Revision;
        await fixture.Cache.WaitForRevisionAsync(elsewhere, Cancellation);

        Assert.Equal(elsewhere, fixture.Cache.Snapshot().Revision);
        Assert.Equal(0, fixture.Cache.Changes);
    }

    [Fact]
    public async Task One_change_is_decoded_once_however_many_watch()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        var watchers = Enumerable.Range(0, 10).Select(_ => fixture.Cache.Watch(new() { KeyPrefix = Prefix, Filter = IsWeb })).ToArray();
        var revision = await fixture.PutAsync("a");

        var seen = new List<CachedObject>();
        foreach (var watcher in watchers)
        {
            Assert.True(await watcher.WaitToReadAsync(Cancellation));
            while (!watcher.TryRead(out var next) || !Same(seen, next.Object))
                await watcher.WaitToReadAsync(Cancellation);
        }

        Assert.Equal(revision, Assert.Single(seen).Revision);
        Assert.Equal(1, fixture.Decoder.Decoded);

        static bool Same(List<CachedObject> seen, CachedObject cached)
        {
            if (!seen.Contains(cached))
                seen.Add(cached);
            return true;
        }
    }

    [Fact]
    public async Task A_watch_tells_additions_modifications_and_deletions_after_its_revision()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        var first = await fixture.PutAsync("a");
        await fixture.PutAsync("b");
        await fixture.Cache.CatchUpAsync(Cancellation);

        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = first });
        await fixture.PutAsync("a");
        var last = await fixture.DeleteAsync("b");

        // The deleted object carries the revision of its deletion.
        Assert.Equal(["Added b@3", "Modified a@4", "Deleted b@5"], await ReadAsync(watch, last));
    }

    [Fact]
    public async Task A_watch_without_a_revision_begins_with_what_is_there()
    {
        await using var fixture = new CacheFixture();
        await fixture.PutAsync("a");
        await fixture.PutAsync("b", app: "db");
        await fixture.PutAsync("c", @namespace: "other");
        await fixture.Cache.ReadyAsync(Cancellation);

        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix + "default/", Filter = IsWeb, InitialEventsEnd = true });
        Assert.Equal(["Added a@2", "Bookmark @4"], ReadNow(watch));

        var last = await fixture.PutAsync("d");
        Assert.Equal(["Added d@5"], await ReadAsync(watch, last));
    }

    [Fact]
    public async Task The_bookmark_that_ends_the_initial_events_says_so()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);

        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, InitialEventsEnd = true });
        Assert.True(watch.TryRead(out var end));
        Assert.Equal(WatchCacheEventType.Bookmark, end.Type);
        Assert.Equal("true", end.Object.Object.Metadata.Annotations["k8s.io/initial-events-end"]);
        Assert.False(watch.TryRead(out _));
    }

    [Fact]
    public async Task An_object_that_enters_the_selection_is_added_and_one_that_leaves_it_is_deleted_as_it_last_matched()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, Filter = IsWeb });
        await fixture.PutAsync("a", app: "db");
        await fixture.PutAsync("a", app: "web");
        await fixture.PutAsync("a", app: "web");
        await fixture.PutAsync("a", app: "db");
        await fixture.PutAsync("a", app: "db");
        await fixture.DeleteAsync("a");
        var last = await fixture.PutAsync("end");

        var seen = new List<WatchCacheEvent>();
        await foreach (var next in watch.ReadAllAsync(Cancellation))
        {
            seen.Add(next);
            if (next.Revision == last)
                break;
        }

        Assert.Equal(["Added a@3", "Modified a@4", "Deleted a@5", "Added end@8"], seen.Select(Told));
        Assert.Equal("web", seen[2].Object.Object.Metadata.Labels["app"]);
    }

    [Fact]
    public async Task The_past_is_told_with_the_same_transitions()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        await fixture.PutAsync("a", app: "web");
        await fixture.PutAsync("a", app: "db");
        await fixture.PutAsync("b", @namespace: "other");
        await fixture.Cache.CatchUpAsync(Cancellation);

        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix + "default/", After = 1, Filter = IsWeb });
        Assert.Equal(["Added a@2", "Deleted a@3"], ReadNow(watch));
    }

    [Fact]
    public async Task A_watch_of_what_is_no_longer_known_is_refused()
    {
        await using var fixture = new CacheFixture(options: new() { HistoryCount = 3 });
        await fixture.PutAsync("early");
        await fixture.Cache.ReadyAsync(Cancellation);

        var beforeStart = Assert.Throws<ExpiredException>(() => fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 1 }));
        Assert.Equal("too old resource version: 1 (2)", beforeStart.Message);

        for (var i = 0; i < 5; i++)
            await fixture.PutAsync("a");
        await fixture.Cache.CatchUpAsync(Cancellation);
        Assert.Throws<ExpiredException>(() => fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 3 }));
        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 4 });
        Assert.Equal(["Modified a@5", "Modified a@6", "Modified a@7"], ReadNow(watch));
    }

    [Fact]
    public async Task The_past_is_bounded_by_age_and_bytes_too()
    {
        await using var fixture = new CacheFixture(options: new() { HistoryAge = TimeSpan.FromMinutes(1), HistoryBytes = 20_000 });
        await fixture.Cache.ReadyAsync(Cancellation);
        await fixture.PutAsync("a");
        await fixture.Cache.CatchUpAsync(Cancellation);
        fixture.Clock.Advance(TimeSpan.FromMinutes(2));
        await fixture.PutAsync("b");
        await fixture.Cache.CatchUpAsync(Cancellation);
        Assert.Equal(1, fixture.Cache.HistoryCount);

        for (var i = 0; i < 100; i++)
            await fixture.PutAsync("c");
        await fixture.Cache.CatchUpAsync(Cancellation);
        Assert.InRange(fixture.Cache.HistoryBytes, 1, 20_000);
        Assert.InRange(fixture.Cache.HistoryCount, 2, 30);
    }

    [Fact]
    public async Task A_snapshot_of_the_recent_past_shows_that_revision()
    {
        await using var fixture = new CacheFixture(options: new() { HistoryCount = 4 });
        await fixture.PutAsync("a");
        await fixture.Cache.ReadyAsync(Cancellation);
        var b = await fixture.PutAsync("b");
        var gone = await fixture.DeleteAsync("a");
        await fixture.Store.WriteAsync(new("/registry/pods/default/x", 0, "{}"u8.ToArray()), Cancellation);
        var c = await fixture.PutAsync("c");
        await fixture.Cache.CatchUpAsync(Cancellation);

        string[]? NamesAt(long revision) =>
            fixture.Cache.SnapshotAt(revision) is { } snapshot ? [.. snapshot.Range(Prefix).Select(cached => cached.Name)] : null;

        Assert.Null(NamesAt(1));
        Assert.Equal(["a"], NamesAt(2)!);
        Assert.Equal(["a", "b"], NamesAt(b)!);
        Assert.Equal(["b"], NamesAt(gone)!);
        Assert.Equal(["b"], NamesAt(gone + 1)!);
        Assert.Equal(["b", "c"], NamesAt(c)!);
        Assert.Null(NamesAt(c + 1));
        Assert.Equal(gone, fixture.Cache.SnapshotAt(gone)!.Revision);
    }

    [Fact]
    public async Task A_state_that_the_cache_has_forgotten_is_read_from_the_store_until_that_is_compacted()
    {
        await using var fixture = new CacheFixture(options: new() { HistoryCount = 1 });
        await fixture.PutAsync("kept");
        var early = await fixture.PutAsync("a");
        await fixture.Cache.ReadyAsync(Cancellation);
        for (var i = 0; i < 5; i++)
            await fixture.PutAsync("a");
        await fixture.DeleteAsync("a");
        await fixture.Cache.CatchUpAsync(Cancellation);
        Assert.Null(fixture.Cache.SnapshotAt(early));

        var past = await fixture.Cache.SnapshotAtAsync(early, Cancellation);
        Assert.Equal([early, 2L], past!.Range(Prefix).Select(cached => cached.Revision));
        Assert.Equal(early, past.Revision);
        Assert.Same(fixture.Cache.Snapshot().Find(Key("kept")), past.Find(Key("kept")));
        Assert.Same(past, await fixture.Cache.SnapshotAtAsync(early, Cancellation));

        await fixture.Store.CompactAsync(early + 3, Cancellation);
        Assert.NotNull(await fixture.Cache.SnapshotAtAsync(early + 3, Cancellation));
        Assert.Null(await fixture.Cache.SnapshotAtAsync(early + 2, Cancellation));
        Assert.Null(await fixture.Cache.SnapshotAtAsync(1000, Cancellation));
    }

    [Fact]
    public async Task Pages_of_a_snapshot_join_without_overlap()
    {
        await using var fixture = new CacheFixture();
        foreach (var name in (string[])["a", "a-b", "ab", "b", "c"])
            await fixture.PutAsync(name);
        await fixture.PutAsync("a", @namespace: "other");
        await fixture.Cache.ReadyAsync(Cancellation);

        var snapshot = fixture.Cache.Snapshot();
        var first = snapshot.Range(Prefix + "default/").Take(2).ToArray();
        var rest = snapshot.Range(Prefix + "default/", after: first[^1].Key).ToArray();
        Assert.Equal(["a", "a-b", "ab", "b", "c"], first.Concat(rest).Select(cached => cached.Name));
        Assert.Equal((5, 6), (snapshot.CountOf(Prefix + "default/"), snapshot.Count));
        Assert.Equal((3, 4), (snapshot.CountAfter(Prefix + "default/", first[^1].Key), snapshot.CountAfter(Prefix, first[^1].Key)));
        Assert.Equal(6, snapshot.CountAfter(Prefix, ""));
    }

    [Fact]
    public async Task A_watcher_that_does_not_read_is_closed_and_the_others_are_not()
    {
        await using var fixture = new CacheFixture(options: new() { WatcherCapacity = 8 });
        await fixture.Cache.ReadyAsync(Cancellation);
        using var slow = fixture.Cache.Watch(new() { KeyPrefix = Prefix });
        using var other = fixture.Cache.Watch(new() { KeyPrefix = Prefix + "other/" });
        for (var i = 0; i < 20; i++)
            await fixture.PutAsync("a");
        var last = await fixture.PutAsync("b", @namespace: "other");

        Assert.Equal(["Added b@22"], await ReadAsync(other, last));
        Assert.Equal(8, ReadNow(slow).Count);
        Assert.False(await slow.WaitToReadAsync(Cancellation));
        Assert.Equal((SubscriptionEnd.Slow, SubscriptionEnd.None), (slow.End, other.End));
        Assert.Equal((1, 1), (fixture.Cache.SlowWatchers, fixture.Cache.Subscriptions));
    }

    [Fact]
    public async Task A_filter_that_fails_ends_its_own_watch_only()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        using var failing = fixture.Cache.Watch(new() { KeyPrefix = Prefix, Filter = _ => throw new InvalidOperationException("no") });
        using var other = fixture.Cache.Watch(new() { KeyPrefix = Prefix });
        await fixture.PutAsync("a");
        var last = await fixture.PutAsync("b");

        Assert.Equal(["Added a@2", "Added b@3"], await ReadAsync(other, last));
        Assert.Equal((SubscriptionEnd.Failed, SubscriptionEnd.None), (failing.End, other.End));
    }

    [Fact]
    public async Task Bookmarks_come_each_minute_to_those_who_want_them()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        using var wants = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 1, Bookmarks = true });
        using var does_not = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = 1 });
        await fixture.Store.WriteAsync(new("/registry/pods/default/x", 0, "{}"u8.ToArray()), Cancellation);
        await fixture.Cache.CatchUpAsync(Cancellation);

        fixture.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(ReadNow(wants));
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["Bookmark @2"], ReadNow(wants));
        Assert.Empty(ReadNow(does_not));
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_is_left_out_and_named_and_heals_with_the_next_write()
    {
        await using var fixture = new CacheFixture();
        await fixture.PutAsync("a");
        var broken = await fixture.Store.WriteAsync(new(Key("broken"), 0, "{\"metadata\":3}"u8.ToArray()), Cancellation);
        await fixture.Cache.ReadyAsync(Cancellation);
        Assert.Equal(["a"], fixture.Cache.Snapshot().Range(Prefix).Select(cached => cached.Name));
        Assert.Equal([Key("broken")], fixture.Cache.Undecodable.Keys);

        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix, After = broken.Revision });
        var healed = await fixture.PutAsync("broken");
        Assert.Equal([$"Added broken@{healed}"], await ReadAsync(watch, healed));
        Assert.Empty(fixture.Cache.Undecodable);

        await fixture.Store.WriteAsync(new(Key("broken"), healed, "rubbish"u8.ToArray()), Cancellation);
        await fixture.Cache.CatchUpAsync(Cancellation);
        Assert.Equal([$"Deleted broken@{healed + 1}"], ReadNow(watch));
        Assert.Equal(1, fixture.Cache.Count);
    }

    [Fact]
    public async Task A_closed_cache_ends_its_watches()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix });
        fixture.Cache.Dispose();

        Assert.False(await watch.WaitToReadAsync(Cancellation) && watch.TryRead(out _));
        Assert.Equal(SubscriptionEnd.Closed, watch.End);
        Assert.Throws<ObjectDisposedException>(() => fixture.Cache.Watch(new() { KeyPrefix = Prefix }));
    }

    [Fact]
    public async Task Two_caches_of_one_prefix_are_both_fed()
    {
        await using var fixture = new CacheFixture();
        using var second = fixture.NewCache(ConfigMap.Descriptor);
        await fixture.Cache.ReadyAsync(Cancellation);
        await second.ReadyAsync(Cancellation);
        var revision = await fixture.PutAsync("a");
        await second.WaitForRevisionAsync(revision, Cancellation);

        Assert.Equal(1, second.Count);
        Assert.Equal(1, fixture.Cache.Count);
    }

    [Fact]
    public async Task Changes_that_come_while_the_cache_loads_are_neither_lost_nor_doubled()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var fixture = new CacheFixture();
            var writer = Task.Run(async () =>
            {
                for (var i = 0; i < 200; i++)
                    await fixture.PutAsync($"k{i % 7}");
            });
            await fixture.Cache.ReadyAsync(Cancellation);
            using var watch = fixture.Cache.Watch(new() { KeyPrefix = Prefix });
            await writer;

            // 1. The state is the store's. 2. The watch ends where the store is, in order.
            await fixture.Cache.CatchUpAsync(Cancellation);
            var stored = await fixture.Store.ListAsync(StoreRange.Prefix(Prefix), default, Cancellation);
            Assert.Equal(stored.Entries.Select(entry => (entry.Key, entry.ModRevision)), fixture.Cache.Snapshot().Range(Prefix).Select(cached => (cached.Key, cached.Revision)));

            var live = new Dictionary<string, long>();
            while (watch.TryRead(out var next))
            {
                Assert.True(next.Revision > live.GetValueOrDefault(next.Object.Key), $"{next.Object.Key} went back to {next.Revision}");
                Assert.Equal(live.ContainsKey(next.Object.Key) ? WatchCacheEventType.Modified : WatchCacheEventType.Added, next.Type);
                live[next.Object.Key] = next.Revision;
            }

            Assert.Equal(stored.Entries.ToDictionary(entry => entry.Key, entry => entry.ModRevision), live);
        }
    }
}
