using System.Diagnostics;
using Coxswain.Storage.Sqlite;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite.Faults;

/// <summary>A disk that is slow, that fails, and that gives back something else than was written.</summary>
public sealed class SqliteFaultTests : IDisposable
{
    private const int IoErrorWrite = 778;
    private const int IoErrorFlush = 1034;
    private const int IoErrorTruncate = 1546;
    private const int Full = 13;
    private static readonly StoreRange Everything = StoreRange.Prefix("/");

    private readonly ScratchFolder _folder = new();
    private readonly FaultVfs _vfs = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SqliteStoreOptions Options => new() { Vfs = _vfs.Name, CheckpointBytes = 64 << 10, LogCount = 64 };

    public void Dispose()
    {
        _vfs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task On_a_slow_disk_writes_share_their_flushes_while_reads_and_watches_do_not_wait()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options with { CheckpointBytes = 8 << 20 });
        var first = await store.WriteAsync(new("/first", 0, new byte[10]), Cancellation);
        await using var watch = store.WatchAsync(Everything, first.Revision, Cancellation).GetAsyncEnumerator(Cancellation);
        using var flushing = new SemaphoreSlim(0);
        using var flushed = new SemaphoreSlim(0);
        var flushes = 0;
        _vfs.Before = call =>
        {
            if (call.Operation == VfsOperation.Sync)
            {
                Interlocked.Increment(ref flushes);
                flushing.Release();
                flushed.Wait(Cancellation);
            }

            return 0;
        };

        // 1. A flush hangs; 300 more writes come meanwhile, and everything else answers.
        var slow = store.WriteAsync(new("/slow", 0, new byte[10]), Cancellation).AsTask();
        Assert.True(await flushing.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        var waiting = Enumerable.Range(0, 300).Select(i => store.WriteAsync(new($"/k{i}", 0, new byte[10]), Cancellation).AsTask()).ToArray();
        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(10, (await store.GetAsync("/first", Cancellation))!.Value.Length);
            Assert.Single((await store.ListAsync(Everything, default, Cancellation)).Entries);
        }

        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10), "reads waited for the disk");
        Assert.False(slow.IsCompleted, "a write was acknowledged before its flush");
        var watched = watch.MoveNextAsync();
        Assert.False(watched.IsCompleted, "a watch saw what was not flushed");

        // 2. All that came meanwhile goes with the next flush.
        flushed.Release();
        Assert.True((await slow).Committed);
        Assert.True(await watched);
        Assert.Equal("/slow", Assert.Single(watch.Current.Changes).Key);
        Assert.True(await flushing.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        flushed.Release(100);
        Assert.All(await Task.WhenAll(waiting), result => Assert.True(result.Committed));
        Assert.InRange(flushes, 2, 4);
        _vfs.Before = null;
    }

    [Fact]
    public async Task A_slow_disk_does_not_keep_the_store_from_opening_or_closing()
    {
        _vfs.Before = call =>
        {
            if (call.Operation == VfsOperation.Sync)
                Thread.Sleep(200);
            return 0;
        };
        await using (var store = SqliteStore.Open(_folder.Store, Options))
            await store.WriteAsync(new("/a", 0, new byte[10]), Cancellation);

        // An existing store is opened without a flush.
        _vfs.Before = static call => call.Operation == VfsOperation.Sync ? throw new InvalidOperationException("flushed") : 0;
        var again = SqliteStore.Open(_folder.Store, Options);
        Assert.NotNull(await again.GetAsync("/a", Cancellation));
        _vfs.Before = null;
        await again.DisposeAsync();
    }

    [Theory]
    [InlineData(VfsOperation.Sync, true, IoErrorFlush)]
    [InlineData(VfsOperation.Sync, false, IoErrorFlush)]
    [InlineData(VfsOperation.Write, true, IoErrorWrite)]
    [InlineData(VfsOperation.Write, true, Full)]
    [InlineData(VfsOperation.Write, false, IoErrorWrite)]
    [InlineData(VfsOperation.Write, false, Full)]
    [InlineData(VfsOperation.Truncate, true, IoErrorTruncate)]
    [InlineData(VfsOperation.Truncate, false, IoErrorTruncate)]
    internal async Task What_clients_are_told_stays_true_while_the_disk_fails_now_and_then(VfsOperation operation, bool log, int code)
    {
        var random = new Random((int)operation + code);
        var failures = 0;
        var store = SqliteStore.Open(_folder.Store, Options);
        var history = await StoreHistory.BeginAsync(store, "", Cancellation);
        _vfs.Before = call =>
        {
            if (call.Operation != operation || call.IsLog != log)
                return 0;
            lock (random)
            {
                if (random.Next(12) != 0)
                    return 0;
                failures++;
                return code;
            }
        };
        await history.RunAsync(clients: 6, operations: Soak.Cases(120), Cancellation);
        _vfs.Before = null;
        await history.EndAsync(Cancellation);
        history.Check();

        // The log is rarely made shorter; everything else must have been hit.
        Assert.True(failures > 0 || operation == VfsOperation.Truncate, "nothing failed");
        Assert.False(store.Full);
        Assert.Empty(await store.CheckAsync(Cancellation));
        await store.DisposeAsync();
        await using var again = SqliteStore.Open(_folder.Store);
        Assert.Empty(await again.CheckAsync(Cancellation));
    }

    [Fact]
    public async Task A_write_whose_flush_fails_is_refused_with_one_sentence_and_the_next_one_goes()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options);
        _vfs.Before = static call => call is { Operation: VfsOperation.Sync, IsLog: true } ? IoErrorFlush : 0;
        var error = await Assert.ThrowsAsync<StoreException>(async () => await store.WriteAsync(new("/a", 0, new byte[10]), Cancellation));
        Assert.Equal($"The store {_folder.Store} failed (disk I/O error, SQLite code 1034).", error.Message);
        Assert.Null(await store.GetAsync("/a", Cancellation));

        _vfs.Before = null;
        Assert.Equal(2, (await store.WriteAsync(new("/a", 0, new byte[10]), Cancellation)).Revision);
    }

    [Fact]
    public async Task A_full_disk_is_an_alarm_and_the_log_is_copied_so_that_it_can_begin_anew()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options with { CheckpointBytes = 8 << 20 });
        for (var i = 0; i < 50; i++)
            await store.WriteAsync(new($"/k{i}", 0, new byte[2000]), Cancellation);
        var full = new FileInfo(_folder.Store + "-wal").Length;

        // No file grows any more; what is there can be written over.
        _vfs.Before = call => call.Operation == VfsOperation.Write && call.IsLog && call.Offset + call.Length > full ? Full : 0;
        await Assert.ThrowsAsync<StoreFullException>(async () => await store.WriteAsync(new("/more", 0, new byte[2000]), Cancellation));
        Assert.Equal([StoreAlarm.NoSpace], store.Alarms.Where(alarm => alarm.Serious).Select(alarm => alarm.Name));
        Assert.Equal(["NOSPACE"], store.Report().Members[0].Alarms);

        // By itself it makes what room it can: the log is copied and begins anew.
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await store.WriteAsync(new("/more", 0, new byte[2000]), Cancellation)).Committed;
                }
                catch (StoreFullException)
                {
                    return false;
                }
            },
            cancellation: Cancellation);
        Assert.DoesNotContain(store.Alarms, alarm => alarm.Serious);
    }

    [Fact]
    public async Task A_page_that_cannot_be_read_fails_the_read_and_not_the_store()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options);
        for (var i = 0; i < 40; i++)
            await store.WriteAsync(new($"/k{i}", 0, new byte[20_000]), Cancellation);
        await store.DisposeAsync();

        await using var again = SqliteStore.Open(_folder.Store, Options);
        _vfs.Before = static call => call is { Operation: VfsOperation.Read, IsLog: false, Offset: > 100_000 } ? 266 : 0;
        var error = await Assert.ThrowsAsync<StoreException>(async () => await again.ListAsync(Everything, default, Cancellation));
        Assert.Equal($"The store {_folder.Store} failed (disk I/O error, SQLite code 266).", error.Message);

        _vfs.Before = null;
        Assert.Equal(40, (await again.ListAsync(Everything, default, Cancellation)).Count);
        Assert.True((await again.WriteAsync(new("/more", 0, new byte[1]), Cancellation)).Committed);
    }
}
