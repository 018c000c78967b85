using System.Diagnostics;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Benchmarks.Storage;

/// <summary>Durable writes of 1 KiB by 1, 8 and 64 writers, each waiting for its acknowledgement before the next.</summary>
internal static class DurableWrites
{
    private const int Keys = 10_000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    public static async Task RunAsync()
    {
        Console.WriteLine("| store | writers | writes/s | p50 ms | p99 ms | writes per commit |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var writers in (int[])[1, 8, 64])
        {
            double ours;
            using (var scratch = new Scratch())
            {
                await using var store = SqliteStore.Open(scratch.Path("store.db"));
                ours = await MeasureAsync("sqlite", writers, (key, value) => PutAsync(store, key, value), () => (double)store.Writes / store.Commits);
            }

            await using (var etcd = await EtcdProcess.StartAsync())
            {
                if (etcd is not null)
                {
                    var theirs = await MeasureAsync("etcd", writers, etcd.PutAsync, () => double.NaN);
                    Console.WriteLine($"| sqlite to etcd | {writers} | {ours / theirs:f2} times | | | |");
                }
            }
        }
    }

    /// <summary>What the registry does: the caller knows the revision of the key from its cache.</summary>
    private static readonly Dictionary<string, long> Known = [];

    private static async Task PutAsync(SqliteStore store, string key, byte[] value)
    {
        long expected;
        lock (Known)
            expected = Known.GetValueOrDefault(key);
        var result = await store.WriteAsync(new(key, expected, value), CancellationToken.None);
        lock (Known)
            Known[key] = result.Entry!.ModRevision;
    }

    /// <returns>Writes a second.</returns>
    private static async Task<double> MeasureAsync(string name, int writers, Func<string, byte[], Task> putAsync, Func<double> writesPerCommit)
    {
        Known.Clear();
        var latencies = new List<double>[writers];
        var stop = Stopwatch.GetTimestamp() + (long)(Duration.TotalSeconds * Stopwatch.Frequency);
        var since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var mine = latencies[writer] = [];
            var random = new Random(writer);
            var value = new byte[1024];
            while (Stopwatch.GetTimestamp() < stop)
            {
                // Each writer has keys of its own: no race is lost, every write is one that counts.
                var key = $"/registry/pods/default/{writer:d2}-{random.Next(Keys / writers):d5}";
                random.NextBytes(value);
                var began = Stopwatch.GetTimestamp();
                await putAsync(key, value.ToArray());
                mine.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var all = latencies.SelectMany(list => list).Order().ToArray();
        Console.WriteLine($"| {name} | {writers} | {all.Length / elapsed:f0} | {all[all.Length / 2]:f2} | {all[all.Length * 99 / 100]:f2} | {writesPerCommit():f1} |");
        return all.Length / elapsed;
    }
}
