using System.Diagnostics;
using Coxswain.Storage;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Benchmarks.Storage;

/// <summary>Start-up time must not depend on how long the history is; and what compaction costs the writers.</summary>
internal static class StartWithHistory
{
    private const int Objects = 200_000;
    private const int OldRevisions = 1_000_000;

    public static async Task RunAsync()
    {
        using var scratch = new Scratch();
        var path = scratch.Path("store.db");
        var revisions = new long[Objects];
        var value = new byte[1024];
        await using (var store = SqliteStore.Open(path))
        {
            for (var written = 0; written < Objects + OldRevisions; written += 500)
            {
                var batch = Enumerable.Range(written, 500).Select(i => i % Objects).Select(async i =>
                    revisions[i] = (await store.WriteAsync(new($"/registry/pods/ns-{i % 100}/{i:d6}", revisions[i], value), CancellationToken.None)).Revision);
                await Task.WhenAll(batch);
            }
        }

        var since = Stopwatch.GetTimestamp();
        await using var again = SqliteStore.Open(path);
        Report("open", since);

        since = Stopwatch.GetTimestamp();
        var page = await again.ListAsync(StoreRange.Prefix("/registry/"), default, CancellationToken.None);
        Report($"list of {page.Count} objects", since);

        since = Stopwatch.GetTimestamp();
        var compaction = again.CompactAsync(page.Revision, CancellationToken.None).AsTask();
        var latencies = new List<double>();
        for (var i = 0; !compaction.IsCompleted; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await again.WriteAsync(new($"/registry/pods/during/{i:d6}", 0, value), CancellationToken.None);
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        await compaction;
        Report("compaction", since);
        latencies.Sort();
        Console.WriteLine($"writes during compaction: {latencies.Count}, p50 {latencies[latencies.Count / 2]:f2} ms, p99 {latencies[latencies.Count * 99 / 100]:f2} ms, most {latencies[^1]:f1} ms");
        Console.WriteLine($"file: {again.SizeBytes >> 20} MiB");
    }

    private static void Report(string what, long since) => Console.WriteLine($"{what}: {Stopwatch.GetElapsedTime(since).TotalMilliseconds:f0} ms");
}
