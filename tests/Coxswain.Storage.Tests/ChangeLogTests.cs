namespace Coxswain.Storage.Tests;

public sealed class ChangeLogTests
{
    private static readonly StoreRange Everything = StoreRange.Prefix("/");

    private static StoreChange Change(long revision, int size = 0) => new(null, new($"/{revision}", new byte[size], revision, revision), revision);

    private static long[] Read(ChangeLog log, long after)
    {
        Assert.True(log.TryRead(Everything, after, out var batch));
        return [.. batch?.Changes.Select(change => change.Revision) ?? []];
    }

    [Fact]
    public void What_is_beyond_the_count_is_forgotten_and_readers_of_it_are_told()
    {
        var log = new ChangeLog(start: 1, revision: 1, maxCount: 3, maxBytes: long.MaxValue);
        for (var revision = 2; revision <= 10; revision++)
            log.Append([Change(revision)]);

        Assert.Equal((7, 10), (log.Start, log.Revision));
        Assert.Equal([8, 9, 10], Read(log, 7));
        Assert.False(log.TryRead(Everything, 6, out _));
        Assert.True(log.TryRead(Everything, 10, out var nothing));
        Assert.Null(nothing);
    }

    [Fact]
    public void What_is_beyond_the_bytes_is_forgotten_but_never_the_newest()
    {
        var log = new ChangeLog(1, 1, maxCount: 100, maxBytes: 5000);
        log.Append([Change(2, 3000)]);
        log.Append([Change(3, 3000)]);
        Assert.Equal([3], Read(log, 2));

        log.Append([Change(4, 1_000_000)]);
        Assert.Equal([4], Read(log, 3));
        log.Append([Change(5, 10)]);
        Assert.Equal([5], Read(log, 4));
    }

    [Fact]
    public void A_batch_never_ends_inside_a_revision_that_changed_many_keys()
    {
        var log = new ChangeLog(1, 1, maxCount: 5000, maxBytes: long.MaxValue);
        log.Append([.. Enumerable.Range(0, 1000).Select(i => new StoreChange(null, new($"/a/{i}", default, 2, 2), 2))]);
        log.Append([.. Enumerable.Range(0, 1000).Select(i => new StoreChange(null, new($"/b/{i}", default, 3, 3), 3)), Change(4)]);

        Assert.True(log.TryRead(Everything, 1, out var first));
        Assert.Equal((2000, 3), (first!.Changes.Count, first.Revision));
        Assert.Equal([4], Read(log, first.Revision));
    }

    [Fact]
    public async Task A_log_that_begins_anew_tells_those_who_were_behind()
    {
        var log = new ChangeLog(1, 1, 100, long.MaxValue);
        log.Append([Change(2), Change(3)]);
        var waiting = log.WaitAsync(3, TestContext.Current.CancellationToken);
        log.Restart(7);
        log.Restart(6);

        await waiting;
        Assert.Equal((7, 7), (log.Start, log.Revision));
        Assert.False(log.TryRead(Everything, 3, out _));
        log.Append([Change(8)]);
        Assert.Equal([8], Read(log, 7));
    }

    [Fact]
    public void A_trimmed_log_is_as_if_it_began_later()
    {
        var log = new ChangeLog(1, 1, 100, long.MaxValue);
        log.Append([Change(2), Change(3), Change(4)]);
        log.TrimTo(3);
        log.TrimTo(2);

        Assert.Equal([4], Read(log, 3));
        Assert.False(log.TryRead(Everything, 2, out _));
        log.TrimTo(4);
        Assert.Equal([], Read(log, 4));
    }

    [Fact]
    public void A_long_past_is_read_in_batches_that_join()
    {
        var log = new ChangeLog(1, 1, 10_000, long.MaxValue);
        log.Append([.. Enumerable.Range(2, 5000).Select(revision => Change(revision))]);
        var seen = new List<long>();
        for (var after = 1L; after < log.Revision;)
        {
            Assert.True(log.TryRead(Everything, after, out var batch));
            Assert.InRange(batch!.Changes.Count, 1, 2000);
            seen.AddRange(batch.Changes.Select(change => change.Revision));
            after = batch.Revision;
        }

        Assert.Equal(Enumerable.Range(2, 5000).Select(revision => (long)revision), seen);
    }

    [Fact]
    public async Task A_closed_log_ends_waiting_and_reading()
    {
        var log = new ChangeLog(1, 1, 10, long.MaxValue);
        var waiting = log.WaitAsync(1, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        log.Close(new ObjectDisposedException("store"));

        await waiting;
        Assert.Throws<ObjectDisposedException>(() => log.TryRead(Everything, 1, out _));
    }
}
