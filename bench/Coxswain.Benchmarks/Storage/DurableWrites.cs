using System.Diagnostics;
using Coxswain.Grpc;
using Coxswain.Storage;
using Coxswain.Storage.Etcd;
using Coxswain.Storage.Etcd.Wire;
using Coxswain.Storage.Sqlite;
using Coxswain.Testing.Etcd;
using Google.Protobuf;

namespace Coxswain.Benchmarks.Storage;

/// <summary>Durable writes of 1 KiB by 1, 8 and 64 writers, each waiting for its acknowledgement before the next.</summary>
/// <remarks>"etcd, puts" is the most that etcd does: unconditional puts, written straight to the channel, and nobody watches. "etcd, the
/// same" is etcd's own rate of what a registry does, just as bare: a transaction that compares the key's revision and puts, beside one
/// open watch of all keys with their previous values, as every API server has one. The stores do the same with all that they do else. All are measured on the same disk, in turn, in many short slices; what is told is the median of the
/// slices, and as a share the median of the shares of neighbouring slices, so that other work on the machine hits all alike.</remarks>
internal static class DurableWrites
{
    private const int Keys = 10_000;
    private const int Rounds = 9;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1);

    private delegate Task PutAsync(string key, byte[] value);

    public static async Task RunAsync()
    {
        Console.WriteLine("| store | writers | writes/s | p50 ms | p99 ms | of etcd's puts | of etcd's rate of the same | CPU us for a write, here and in etcd |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var version in ((string[])["3.4", "3.5"]).Where(version => EtcdBinary.Missing(version) is null))
        {
            foreach (var writers in (int[])[1, 8, 64])
            {
                var runs = new List<Run>[] { [], [], [], [] };
                await using var cluster = await EtcdCluster.StartAsync(version);
                using var scratch = new Scratch();
                await using var sqlite = SqliteStore.Open(scratch.Path("store.db"));
                var known = new Dictionary<string, long>[] { [], [], [] };
                for (var round = 0; round <= Rounds; round++)
                {
                    var slices = new[]
                    {
                        await MeasureAsync(cluster, writers, Conditional(sqlite, known[0])), await PutsAsync(cluster, writers),
                        await TransactionsAsync(cluster, writers, known[2]), await EtcdStoreAsync(cluster, writers, known[1]),
                    };

                    // The first round compiles.
                    for (var i = 0; round > 0 && i < slices.Length; i++)
                        runs[i].Add(slices[i]);
                }

                Tell("sqlite", writers, runs[0], runs);
                Tell($"etcd {version}, puts", writers, runs[1], runs);
                Tell($"etcd {version}, the same", writers, runs[2], runs);
                Tell($"our store on etcd {version}", writers, runs[3], runs);
            }
        }
    }

    private static void Tell(string name, int writers, List<Run> runs, List<Run>[] all)
    {
        string Share(int etcd) => $"{Median(runs.Zip(all[etcd], (ours, theirs) => ours.Rate / theirs.Rate)):f2}";
        Console.WriteLine($"| {name} | {writers} | {Median(runs.Select(run => run.Rate)):f0} | {Median(runs.Select(run => run.Middle)):f2} | {Median(runs.Select(run => run.Slow)):f2} "
            + $"| {Share(1)} | {Share(2)} | {Median(runs.Select(run => run.Client)):f0} + {Median(runs.Select(run => run.Server)):f0} |");
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static async Task<Run> PutsAsync(EtcdCluster cluster, int writers)
    {
        using var channel = GrpcChannel.ForAddress(cluster.Endpoints[0], new());
        return await MeasureAsync(cluster, writers, async (key, value) => await channel.CallAsync(
            EtcdMethods.Put, new PutRequest { Key = ByteString.CopyFromUtf8("/raw" + key), Value = UnsafeByteOperations.UnsafeWrap(value) },
            TimeSpan.FromSeconds(10), CancellationToken.None));
    }

    private static async Task<Run> TransactionsAsync(EtcdCluster cluster, int writers, Dictionary<string, long> known)
    {
        using var channel = GrpcChannel.ForAddress(cluster.Endpoints[0], new());
        using var stop = new CancellationTokenSource();
        await using var watch = channel.OpenDuplex(EtcdMethods.Watch, deadline: null, CancellationToken.None);
        await watch.WriteAsync(new() { Create = new() { Key = RangeRequest.AllKeys, RangeEnd = RangeRequest.AllKeys } }, CancellationToken.None);
        await watch.ReadAsync();
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await watch.ReadAsync();
        });
        var run = await MeasureAsync(cluster, writers, async (key, value) =>
        {
            var name = ByteString.CopyFromUtf8("/txn" + key);
            long expected;
            lock (known)
                expected = known.GetValueOrDefault(key);
            var answer = await channel.CallAsync(
                EtcdMethods.Txn,
                new()
                {
                    Compare = new() { Target = CompareTarget.ModRevision, Key = name, Equal = expected },
                    Success = [new() { Put = new() { Key = name, Value = UnsafeByteOperations.UnsafeWrap(value) } }],
                    Failure = [new() { Range = new() { Key = name } }],
                },
                TimeSpan.FromSeconds(10),
                CancellationToken.None);
            lock (known)
                known[key] = answer.Header.Revision;
        });

        // One more write ends the reading.
        await stop.CancelAsync();
        await channel.CallAsync(EtcdMethods.Put, new PutRequest { Key = ByteString.CopyFromUtf8("/end") }, null, CancellationToken.None);
        await reading;
        return run;
    }

    private static async Task<Run> EtcdStoreAsync(EtcdCluster cluster, int writers, Dictionary<string, long> known)
    {
        await using var store = await EtcdStore.OpenAsync(new() { Endpoints = cluster.Endpoints }, TimeProvider.System, CancellationToken.None);
        return await MeasureAsync(cluster, writers, Conditional(store, known));
    }

    /// <summary>What the registry does: the caller knows the revision of the key from its cache.</summary>
    private static PutAsync Conditional(IStore store, Dictionary<string, long> known) =>
        async (key, value) =>
        {
            long expected;
            lock (known)
                expected = known.GetValueOrDefault(key);
            var result = await store.WriteAsync(new(key, expected, value), CancellationToken.None);
            if (!result.Committed)
                throw new InvalidOperationException($"the write of {key} lost a race that nobody else runs");
            lock (known)
                known[key] = result.Revision;
        };

    private static async Task<Run> MeasureAsync(EtcdCluster cluster, int writers, PutAsync putAsync)
    {
        var latencies = new List<double>[writers];
        var (client, server) = (Environment.CpuUsage.TotalTime, cluster.ProcessorTime);
        var since = Stopwatch.GetTimestamp();
        var stop = since + (long)(Duration.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var mine = latencies[writer] = [];
            var random = new Random(writer);
            while (Stopwatch.GetTimestamp() < stop)
            {
                // Each writer has keys of its own: no race is lost, every write is one that counts. The store keeps what it is given.
                var key = $"/registry/pods/default/{writer:d2}-{random.Next(Keys / writers):d5}";
                var value = new byte[1024];
                random.NextBytes(value);
                var began = Stopwatch.GetTimestamp();
                await putAsync(key, value);
                mine.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var all = latencies.SelectMany(list => list).Order().ToArray();
        return new(
            all.Length / elapsed, all[all.Length / 2], all[all.Length * 99 / 100],
            (Environment.CpuUsage.TotalTime - client).TotalMicroseconds / all.Length, (cluster.ProcessorTime - server).TotalMicroseconds / all.Length);
    }

    private sealed record Run(double Rate, double Middle, double Slow, double Client, double Server);
}
