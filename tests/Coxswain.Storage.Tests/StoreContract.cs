using System.Text;

namespace Coxswain.Storage.Tests;

/// <summary>What every store must do. A backend derives from this and says how it is opened.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected static readonly StoreRange Everything = StoreRange.Prefix("/");

    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract ValueTask<IStore> OpenAsync();

    public virtual async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(StoreEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);

    protected ValueTask<WriteResult> PutAsync(string key, string value, long expected = 0) =>
        Store.WriteAsync(new(key, expected, Bytes(value)), Cancellation);

    protected ValueTask<WriteResult> DeleteAsync(string key, long expected) => Store.WriteAsync(new(key, expected, null), Cancellation);

    protected async Task<List<StoreChange>> WatchUntilAsync(StoreRange range, long after, long revision)
    {
        var seen = new List<StoreChange>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        await foreach (var batch in Store.WatchAsync(range, after, limit.Token))
        {
            seen.AddRange(batch.Changes);
            if (batch.Revision >= revision)
                break;
        }

        return seen;
    }

    [Fact]
    public async Task A_new_store_is_empty_at_a_revision_that_is_not_zero()
    {
        var page = await Store.ListAsync(Everything, default, Cancellation);

        Assert.Empty(page.Entries);
        Assert.Equal((1, false, 0), (page.Revision, page.More, page.Count));
        Assert.Equal(new(1, 0), await Store.GetRevisionsAsync(Cancellation));
        Assert.Null(await Store.GetAsync("/pods/a", Cancellation));
    }

    [Fact]
    public async Task Every_committed_write_gets_the_next_revision()
    {
        var created = await PutAsync("/pods/a", "1");
        var updated = await PutAsync("/pods/a", "2", created.Revision);
        var deleted = await DeleteAsync("/pods/a", updated.Revision);

        Assert.Equal([2, 3, 4], [created.Revision, updated.Revision, deleted.Revision]);
        Assert.All([created, updated, deleted], result => Assert.True(result.Committed));
        Assert.Equal(new("/pods/a", Bytes("1"), 2, 2), created.Entry);
        Assert.Equal(new("/pods/a", Bytes("2"), 2, 3), updated.Entry);
        Assert.Null(deleted.Entry);
        Assert.Equal(4, (await Store.GetRevisionsAsync(Cancellation)).Current);
    }

    [Fact]
    public async Task A_read_sees_the_write_that_was_acknowledged_before_it()
    {
        var created = await PutAsync("/pods/a", "1");
        Assert.Equal(created.Entry, await Store.GetAsync("/pods/a", Cancellation));

        var updated = await PutAsync("/pods/a", "2", created.Revision);
        Assert.Equal(updated.Entry, await Store.GetAsync("/pods/a", Cancellation));

        await DeleteAsync("/pods/a", updated.Revision);
        Assert.Null(await Store.GetAsync("/pods/a", Cancellation));
    }

    [Fact]
    public async Task A_write_that_lost_the_race_returns_the_entry_that_won()
    {
        var first = await PutAsync("/pods/a", "1");
        var late = await PutAsync("/pods/a", "2");

        Assert.False(late.Committed);
        Assert.Equal(first.Entry, late.Entry);
        Assert.Equal(first.Revision, late.Revision);
        Assert.Equal(first.Revision, (await Store.GetRevisionsAsync(Cancellation)).Current);
    }

    [Fact]
    public async Task A_write_of_a_key_that_is_gone_returns_that_it_is_absent()
    {
        var created = await PutAsync("/pods/a", "1");
        var deleted = await DeleteAsync("/pods/a", created.Revision);

        var update = await PutAsync("/pods/a", "2", created.Revision);
        var again = await DeleteAsync("/pods/a", created.Revision);
        var absent = await DeleteAsync("/pods/a", 0);

        Assert.All([update, again, absent], result => Assert.Equal((false, deleted.Revision, null), (result.Committed, result.Revision, result.Entry)));
    }

    [Fact]
    public async Task A_key_that_is_created_again_has_a_new_create_revision()
    {
        var created = await PutAsync("/pods/a", "1");
        await DeleteAsync("/pods/a", created.Revision);
        var recreated = await PutAsync("/pods/a", "2");

        Assert.Equal(new("/pods/a", Bytes("2"), 4, 4), recreated.Entry);
    }

    [Fact]
    public async Task A_value_may_be_empty_or_large_and_comes_back_byte_for_byte()
    {
        var large = new byte[1_500_000];
        new Random(1).NextBytes(large);
        await Store.WriteAsync(new("/a", 0, large), Cancellation);
        await Store.WriteAsync(new("/b", 0, ReadOnlyMemory<byte>.Empty), Cancellation);

        Assert.True((await Store.GetAsync("/a", Cancellation))!.Value.Span.SequenceEqual(large));
        Assert.Equal(0, (await Store.GetAsync("/b", Cancellation))!.Value.Length);
        Assert.Equal(2, (await Store.ListAsync(Everything, default, Cancellation)).Count);
        var changes = await WatchUntilAsync(Everything, 0, 3);
        Assert.True(changes[0].After!.Value.Span.SequenceEqual(large));
        Assert.Equal(0, changes[1].After!.Value.Length);
    }

    [Fact]
    public async Task A_range_holds_its_start_and_not_its_end_in_key_order()
    {
        foreach (var key in (string[])["/pods/b", "/pods/a", "/podsx", "/pods/a/b", "/pod", "/pods/"])
            await PutAsync(key, key);

        var prefix = await Store.ListAsync(StoreRange.Prefix("/pods/"), default, Cancellation);
        Assert.Equal(["/pods/", "/pods/a", "/pods/a/b", "/pods/b"], prefix.Entries.Select(entry => entry.Key));
        Assert.All(prefix.Entries, entry => Assert.Equal(entry.Key, Text(entry)));

        var open = await Store.ListAsync(new("/pods/b", null), default, Cancellation);
        Assert.Equal(["/pods/b", "/podsx"], open.Entries.Select(entry => entry.Key));

        var empty = await Store.ListAsync(new("/pods/b", "/pods/a"), default, Cancellation);
        Assert.Equal((0, 0, false), (empty.Entries.Count, empty.Count, empty.More));
    }

    [Fact]
    public async Task A_limited_list_says_that_there_is_more_and_how_many_there_are()
    {
        for (var i = 0; i < 10; i++)
            await PutAsync($"/pods/{i}", "x");

        var page = await Store.ListAsync(Everything, new(Limit: 4), Cancellation);
        Assert.Equal((4, true, 10L), (page.Entries.Count, page.More, page.Count));

        var next = await Store.ListAsync(new(page.Entries[^1].Key + "\0", "/q"), new(page.Revision, 6), Cancellation);
        Assert.Equal(["/pods/4", "/pods/5", "/pods/6", "/pods/7", "/pods/8", "/pods/9"], next.Entries.Select(entry => entry.Key));
        Assert.False(next.More);
    }

    [Fact]
    public async Task A_list_at_a_revision_shows_that_revision()
    {
        var a1 = await PutAsync("/a", "a1");
        var b1 = await PutAsync("/b", "b1");
        var a2 = await PutAsync("/a", "a2", a1.Revision);
        var gone = await DeleteAsync("/b", b1.Revision);
        var c1 = await PutAsync("/c", "c1");
        await PutAsync("/b", "b2");

        async Task<string[]> AtAsync(long revision)
        {
            var page = await Store.ListAsync(Everything, new(revision), Cancellation);
            Assert.Equal(revision, page.Revision);
            Assert.Equal(page.Entries.Count, page.Count);
            return [.. page.Entries.Select(Text)];
        }

        Assert.Empty(await AtAsync(1));
        Assert.Equal(["a1"], await AtAsync(a1.Revision));
        Assert.Equal(["a1", "b1"], await AtAsync(b1.Revision));
        Assert.Equal(["a2", "b1"], await AtAsync(a2.Revision));
        Assert.Equal(["a2"], await AtAsync(gone.Revision));
        Assert.Equal(["a2", "c1"], await AtAsync(c1.Revision));
        Assert.Equal(["a2", "b2", "c1"], await AtAsync(c1.Revision + 1));

        var limited = await Store.ListAsync(Everything, new(a2.Revision, 1), Cancellation);
        Assert.Equal(("a2", true, 2L), (Text(Assert.Single(limited.Entries)), limited.More, limited.Count));
    }

    [Fact]
    public async Task A_revision_that_has_not_been_reached_cannot_be_read_or_compacted()
    {
        var error = await Assert.ThrowsAsync<FutureRevisionException>(async () => await Store.ListAsync(Everything, new(5), Cancellation));
        Assert.Equal((5, 1), (error.Asked, error.Current));
        await Assert.ThrowsAsync<FutureRevisionException>(async () => await Store.CompactAsync(5, Cancellation));
    }

    [Fact]
    public async Task A_watch_shows_what_was_there_before_and_after_each_change()
    {
        var created = await PutAsync("/a", "1");
        var updated = await PutAsync("/a", "2", created.Revision);
        var deleted = await DeleteAsync("/a", updated.Revision);

        var changes = await WatchUntilAsync(Everything, after: 1, deleted.Revision);

        Assert.Equal(
            [new(null, created.Entry, 2), new(created.Entry, updated.Entry, 3), new(updated.Entry, null, 4)],
            changes);
    }

    [Fact]
    public async Task A_watch_starts_after_the_given_revision_and_goes_on_with_what_is_written_later()
    {
        var first = await PutAsync("/a", "1");
        var second = await PutAsync("/b", "1");
        await using var watch = Store.WatchAsync(Everything, first.Revision, Cancellation).GetAsyncEnumerator(Cancellation);

        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(second.Entry, Assert.Single(watch.Current.Changes).After);

        var pending = watch.MoveNextAsync();
        Assert.False(pending.IsCompleted);
        var third = await PutAsync("/c", "1");
        Assert.True(await pending);
        Assert.Equal(third.Entry, Assert.Single(watch.Current.Changes).After);
        Assert.Equal(third.Revision, watch.Current.Revision);
    }

    [Fact]
    public async Task A_watch_of_a_range_gets_bookmarks_for_what_happens_elsewhere()
    {
        await using var watch = Store.WatchAsync(StoreRange.Prefix("/pods/"), 1, Cancellation).GetAsyncEnumerator(Cancellation);
        var elsewhere = await PutAsync("/nodes/a", "1");

        Assert.True(await watch.MoveNextAsync());
        Assert.Empty(watch.Current.Changes);
        Assert.Equal(elsewhere.Revision, watch.Current.Revision);
    }

    [Fact]
    public async Task A_watch_that_begins_before_the_newest_revision_is_told_it_even_if_nothing_happened()
    {
        await using var fresh = Store.WatchAsync(Everything, 0, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await fresh.MoveNextAsync());
        Assert.Equal((0, 1L), (fresh.Current.Changes.Count, fresh.Current.Revision));
        var pending = fresh.MoveNextAsync();
        Assert.False(pending.IsCompleted);
        await PutAsync("/a", "1");
        Assert.True(await pending);
    }

    [Fact]
    public async Task A_watch_from_a_revision_in_the_future_shows_only_what_comes_after_it()
    {
        var watch = WatchUntilAsync(Everything, after: 3, revision: 4);
        await PutAsync("/a", "1");
        await PutAsync("/b", "1");
        await PutAsync("/c", "1");

        Assert.Equal(["/c"], (await watch).Select(change => change.Key));
    }

    [Fact]
    public async Task Many_watches_each_see_every_change_once_and_in_order()
    {
        const int Writes = 300;
        var watches = Enumerable.Range(0, 8).Select(_ => WatchUntilAsync(Everything, 1, 1 + Writes)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writes).Select(i => PutAsync($"/k{i}", "v").AsTask()));

        foreach (var changes in await Task.WhenAll(watches))
            Assert.Equal(Enumerable.Range(2, Writes).Select(i => (long)i), changes.Select(change => change.Revision));
    }

    [Fact]
    public async Task Compaction_forgets_old_revisions_and_keeps_what_is_still_there()
    {
        var a1 = await PutAsync("/a", "a1");
        var b1 = await PutAsync("/b", "b1");
        var a2 = await PutAsync("/a", "a2", a1.Revision);
        var gone = await DeleteAsync("/b", b1.Revision);
        var a3 = await PutAsync("/a", "a3", a2.Revision);

        await Store.CompactAsync(a2.Revision, Cancellation);

        Assert.Equal(new(a3.Revision, a2.Revision), await Store.GetRevisionsAsync(Cancellation));
        var error = await Assert.ThrowsAsync<CompactedException>(async () => await Store.ListAsync(Everything, new(b1.Revision), Cancellation));
        Assert.Equal((b1.Revision, a2.Revision), (error.Asked, error.Compacted));
        Assert.Equal(["a2", "b1"], (await Store.ListAsync(Everything, new(a2.Revision), Cancellation)).Entries.Select(Text));
        Assert.Equal(["a2"], (await Store.ListAsync(Everything, new(gone.Revision), Cancellation)).Entries.Select(Text));
        Assert.Equal(["a3"], (await Store.ListAsync(Everything, default, Cancellation)).Entries.Select(Text));

        await Assert.ThrowsAsync<CompactedException>(() => WatchUntilAsync(Everything, b1.Revision, a3.Revision));
        Assert.Equal(
            [new(b1.Entry, null, gone.Revision), new(a2.Entry, a3.Entry, a3.Revision)],
            await WatchUntilAsync(Everything, a2.Revision, a3.Revision));
    }

    [Fact]
    public async Task Compaction_up_to_the_newest_revision_after_a_deletion_keeps_the_revision()
    {
        var created = await PutAsync("/a", "1");
        var deleted = await DeleteAsync("/a", created.Revision);
        await Store.CompactAsync(deleted.Revision, Cancellation);
        await Store.CompactAsync(created.Revision, Cancellation);

        Assert.Equal(new(deleted.Revision, deleted.Revision), await Store.GetRevisionsAsync(Cancellation));
        Assert.Equal(deleted.Revision + 1, (await PutAsync("/a", "2")).Revision);
    }

    [Fact]
    public async Task Cancellation_ends_a_waiting_watch()
    {
        using var stop = new CancellationTokenSource();
        await using var watch = Store.WatchAsync(Everything, 1, stop.Token).GetAsyncEnumerator(Cancellation);
        var pending = watch.MoveNextAsync();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
    }

    [Fact]
    public async Task A_closed_store_ends_its_watches_and_refuses_work()
    {
        await using var watch = Store.WatchAsync(Everything, 1, Cancellation).GetAsyncEnumerator(Cancellation);
        var pending = watch.MoveNextAsync();
        await Store.DisposeAsync();

        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await pending);
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await PutAsync("/a", "1"));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await Store.GetAsync("/a", Cancellation));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await Store.ListAsync(Everything, default, Cancellation));
    }
}
