using Coxswain.Storage.Sqlite;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite;

/// <summary>What goes on all the time must not keep the rest from ever being done.</summary>
public sealed class SqliteStarvationTests : IDisposable
{
    private static readonly StoreRange Everything = StoreRange.Prefix("/");
    private readonly ScratchFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Neither_writers_nor_readers_without_a_pause_keep_compaction_from_ending_or_the_log_from_beginning_anew()
    {
        const int CheckpointBytes = 256 << 10;
        await using var store = SqliteStore.Open(_folder.Store, new() { CheckpointBytes = CheckpointBytes, LogCount = 64 });
        using var stop = new CancellationTokenSource();
        var longest = 0L;
        var (written, lists) = (0L, 0L);

        // 1. Eight writers at full speed over few keys, and lists that overlap each other: at no moment nobody reads.
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var revision = 0L; !stop.IsCancellationRequested; Interlocked.Increment(ref written))
            {
                revision = (await store.WriteAsync(new($"/{writer}", revision, new byte[2000]), Cancellation)).Revision;
                InterlockedMax(ref longest, store.LogBytes);
            }
        })).ToArray();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (; !stop.IsCancellationRequested; Interlocked.Increment(ref lists))
                Assert.InRange((await store.ListAsync(Everything, default, Cancellation)).Count, 0, 8);
        })).ToArray();

        // 2. Compaction ends each time, with next to nothing left.
        for (var turn = 0; turn < 5; turn++)
        {
            var before = Interlocked.Read(ref written);
            await Eventually.TrueAsync(() => Interlocked.Read(ref written) > before + 400, cancellation: Cancellation);
            var target = (await store.GetRevisionsAsync(Cancellation)).Current;
            await store.CompactAsync(target, Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            Assert.Equal(target, (await store.GetRevisionsAsync(Cancellation)).Compacted);
        }

        await stop.CancelAsync();
        await Task.WhenAll([.. writers, .. readers]);
        Assert.True(lists > 20, $"only {lists} lists got through");

        // 3. The log stayed near its length though ten times as much went through it, and the file holds no history.
        Assert.True(written * 2000 > 2 * 8 * CheckpointBytes, $"only {written} writes");
        Assert.InRange(longest, CheckpointBytes, 3 * 8 * CheckpointBytes);
        await store.CompactAsync((await store.GetRevisionsAsync(Cancellation)).Current, Cancellation);
        await store.DisposeAsync();
        using var connection = new SqliteConnection(_folder.Store, readOnly: true);
        Assert.Equal(8, connection.QueryInteger("SELECT count(*) FROM entries"));
    }

    [Fact]
    public async Task A_copy_ends_with_a_sentence_when_more_is_written_than_the_log_may_hold_and_leaves_no_file()
    {
        await using var store = SqliteStore.Open(_folder.Store, new() { CheckpointBytes = 64 << 10, LogLimit = 0 });
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => store.WriteAsync(new($"/{i}", 0, new byte[2000]), Cancellation).AsTask()));

        var error = await Assert.ThrowsAsync<StoreException>(async () => await store.CopyToAsync(_folder.Path("copy.db"), Cancellation));
        Assert.Equal($"The copy of the store {_folder.Store} was stopped: more was written meanwhile than its log may hold; try again when less is written.", error.Message);
        Assert.False(File.Exists(_folder.Path("copy.db")));
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_ends_soon_and_leaves_no_file()
    {
        await using var store = SqliteStore.Open(_folder.Store);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => store.WriteAsync(new($"/{i}", 0, new byte[2000]), Cancellation).AsTask()));
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.CopyToAsync(_folder.Path("copy.db"), stop.Token));
        Assert.False(File.Exists(_folder.Path("copy.db")));
    }

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Interlocked.Read(ref target); value > seen;)
        {
            var was = Interlocked.CompareExchange(ref target, value, seen);
            if (was == seen)
                return;
            seen = was;
        }
    }
}
