using Coxswain.Benchmarks.Api;
using Coxswain.Benchmarks.Cache;
using Coxswain.Benchmarks.Scheduling;
using Coxswain.Benchmarks.Server;
using Coxswain.Benchmarks.Storage;

namespace Coxswain.Benchmarks;

internal sealed record Benchmark(string Name, string What, Func<Task> RunAsync);

/// <summary>Every benchmark of the house.</summary>
internal static class BenchmarkTable
{
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("api/codecs", "reading and writing a running Pod and a ConfigMap, JSON and protobuf", CodecBenchmark.RunAsync),
        new("storage/durable-writes", "1 KiB values flushed to disk before they are acknowledged: SQLite, etcd itself, our store on etcd", DurableWrites.RunAsync),
        new("storage/start", "opening a store with 200,000 objects and a million old revisions", StartWithHistory.RunAsync),
        new("storage/backup", "a backup of 200,000 objects, its verification and its restoration", BackupAndRestore.RunAsync),
        new("server/start", "the published executable until it is ready: empty, with 200,000 objects, with a million old revisions besides", ServerStart.RunAsync),
        new("server/list", "lists of 50,000 objects over TLS, and whose code the time goes to", ServerList.RunAsync),
        new("scheduler/decisions", "a decision on 1,000 nodes with 1,000, 10,000 and 30,000 pods placed: plain, with anti-affinity, with spread", Decisions.RunAsync),
        new("cache/pods", "memory of a cached pod against its JSON, changes and lists", MemoryPerPod.RunAsync),
    ];
}
