using System.Collections.Concurrent;
using Coxswain.Storage.Sqlite;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite.Faults;

/// <summary>The power goes at random moments of concurrent writes, compactions and copies of the log, and takes any part of what was not
/// flushed with it.</summary>
public sealed class SqlitePowerLossTests
{
    private const int Writers = 4;
    private const int LossesPerRun = 24;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_loss_of_power_every_acknowledged_write_is_there_and_none_by_half()
    {
        var runs = Soak.Cases(5);
        for (var run = 0; run < runs; run++)
        {
            foreach (var loss in await RunAsync(run))
                await CheckAsync(loss, run);
            Soak.Progress("losses of power", (run + 1) * LossesPerRun, runs * LossesPerRun);
        }
    }

    /// <returns>What was found on the disk at each loss, and what had been acknowledged before it.</returns>
    private static async Task<List<Loss>> RunAsync(int seed)
    {
        using var folder = new ScratchFolder();
        using var vfs = new FaultVfs { Disk = new() };
        var random = new Random(seed);
        var acknowledged = new ConcurrentQueue<AcknowledgedWrite>();
        var losses = new List<Loss>();
        var calls = 0;
        var next = random.Next(1, 60);
        vfs.Before = call =>
        {
            if (call.Operation is VfsOperation.Read or VfsOperation.Unfetch)
                return 0;
            lock (losses)
            {
                if (++calls >= next && losses.Count < LossesPerRun)
                {
                    // In this order: what was acknowledged before is what must be found.
                    var before = acknowledged.ToArray();
                    losses.Add(new(before, vfs.Disk.Crash(random), calls));

                    // The first ones while the file is made, then further and further apart.
                    next = calls + random.Next(1, 10 + (losses.Count * 40));
                }
            }

            return 0;
        };

        // Short logs, so that they begin anew often.
        var options = new SqliteStoreOptions { Vfs = vfs.Name, CheckpointBytes = 48 << 10, LogCount = 16, BatchLimit = 8 };
        for (var opened = 0; Remaining() > 0; opened++)
        {
            await using var store = SqliteStore.Open(folder.Store, options);
            var last = new long[Writers];
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer =>
                Task.Run(() => WriteAsync(store, $"/{opened}/{writer}", writer, last, acknowledged, () => Remaining() > 0), Cancellation)));
        }

        return losses;

        int Remaining()
        {
            lock (losses)
                return LossesPerRun - losses.Count;
        }
    }

    /// <param name="last">The newest revision that each writer knows of. Whatever is under way is newer, and is not compacted.</param>
    private static async Task WriteAsync(SqliteStore store, string prefix, int writer, long[] last, ConcurrentQueue<AcknowledgedWrite> acknowledged, Func<bool> more)
    {
        var random = new Random(prefix.GetHashCode(StringComparison.Ordinal));
        var known = new Dictionary<string, long>();

        // Every now and then the store is closed and opened again, which a loss may fall into too.
        for (var i = 0; i < 400 && more(); i++)
        {
            var key = $"{prefix}/{random.Next(20)}";
            var expected = known.GetValueOrDefault(key);
            var delete = expected != 0 && random.Next(4) == 0;
            var result = await store.WriteAsync(new(key, expected, delete ? default(ReadOnlyMemory<byte>?) : WriteLedger.Value(key, i)), Cancellation);
            Assert.True(result.Committed);
            acknowledged.Enqueue(new(result.Revision, key, delete ? -1 : i));
            known[key] = delete ? 0 : result.Revision;
            Volatile.Write(ref last[writer], result.Revision);
            if (i % 50 == 49)
                await store.CompactAsync(Math.Max(1, last.Min() - random.Next(300)), Cancellation);
        }
    }

    private static async Task CheckAsync(Loss loss, int seed)
    {
        using var folder = new ScratchFolder();
        foreach (var (path, content) in loss.Found)
            await File.WriteAllBytesAsync(folder.Path(Path.GetFileName(path)), content, Cancellation);
        try
        {
            await using var store = SqliteStore.Open(folder.Store);
            var (current, _) = await WriteLedger.CheckAsync(store, loss.Acknowledged, since: 1, Cancellation);
            Assert.Empty(await store.CheckAsync(Cancellation));
            Assert.Equal(current + 1, (await store.WriteAsync(new("/after", 0, WriteLedger.Value("/after", 1)), Cancellation)).Revision);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(
                $"seed {seed}, call {loss.Call}, {loss.Acknowledged.Length} acknowledged, found {string.Join(", ", loss.Found.Select(file => $"{Path.GetFileName(file.Key)} {file.Value.Length}"))}", error);
        }
    }

    private sealed record Loss(AcknowledgedWrite[] Acknowledged, Dictionary<string, byte[]> Found, int Call);
}
