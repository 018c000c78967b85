using System.Diagnostics;
using System.Globalization;
using System.Text;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Benchmarks.Cache;

/// <summary>What a cached pod costs in memory against its JSON, what a change and a list cost in time.</summary>
internal static class MemoryPerPod
{
    private const int Pods = 20_000;
    private const int Changes = 50_000;

    public static async Task RunAsync()
    {
        var template = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "pod.json"));
        await using var store = new MemoryStore();
        var revisions = new long[Pods];
        for (var i = 0; i < Pods; i++)
            revisions[i] = (await store.WriteAsync(new(Key(i), 0, Value(template, i)), CancellationToken.None)).Revision;

        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var feed = new StoreFeed(store, TimeProvider.System, NullLogger.Instance);
        using var registry = new ResourceRegistry(Pod.Descriptor, StoredForms.For(Pod.Descriptor), store, feed, TimeProvider.System, NullLogger.Instance);
        var cache = registry.Cache;
        var since = Stopwatch.GetTimestamp();
        await cache.ReadyAsync(CancellationToken.None);
        var load = Stopwatch.GetElapsedTime(since);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        var json = cache.Bytes / Pods;
        Console.WriteLine($"a pod: {json} bytes of JSON, {(after - before) / Pods} bytes in the cache, {(double)(after - before) / cache.Bytes:f2} times; loaded {Pods / load.TotalSeconds:f0}/s");

        // As where controllers and a scheduler hold all pods.
        cache.KeepDecoded();
        foreach (var cached in cache.Snapshot().Range(cache.KeyPrefix))
            _ = cached.Object;
        after = GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine($"all decoded: {(after - before) / Pods} bytes, {(double)(after - before) / cache.Bytes:f2} times");

        var parts = new SharedParts();
        var text = Value(template, 1);
        parts.Split(text, 0, out _);
        since = Stopwatch.GetTimestamp();
        for (var i = 0; i < Pods; i++)
            parts.Split(text, 0, out _);
        Console.WriteLine($"cut into pieces, all of them known: {Stopwatch.GetElapsedTime(since).TotalMicroseconds * 1024 / Pods / text.Length:f2} us for each KiB");

        since = Stopwatch.GetTimestamp();
        long revision = 0;
        for (var i = 0; i < Changes; i++)
        {
            var pod = i % Pods;
            revision = revisions[pod] = (await store.WriteAsync(new(Key(pod), revisions[pod], Value(template, pod)), CancellationToken.None)).Revision;
        }

        await cache.WaitForRevisionAsync(revision, CancellationToken.None);
        Console.WriteLine($"changes written and taken in: {Changes / Stopwatch.GetElapsedTime(since).TotalSeconds:f0}/s; history {cache.HistoryCount} changes");

        since = Stopwatch.GetTimestamp();
        long bytes = 0;
        foreach (var cached in cache.Snapshot().Range(cache.KeyPrefix))
            bytes += cached.JsonLength;
        Console.WriteLine($"a list of {Pods} walked in {Stopwatch.GetElapsedTime(since).TotalMilliseconds:f2} ms ({bytes >> 20} MiB)");
    }

    private static string Key(int i) => $"/registry/pods/default/web-7d9c6b5f4-{i:d5}";

    private static byte[] Value(string template, int i) => Encoding.UTF8.GetBytes(template
        .Replace("NAME", $"web-7d9c6b5f4-{i:d5}", StringComparison.Ordinal)
        .Replace("UID", $"6f0c4f0e-7c0a-4a66-8a10-{i:x12}", StringComparison.Ordinal)
        .Replace("PODIP", string.Create(CultureInfo.InvariantCulture, $"10.1.{i / 250}.{i % 250}"), StringComparison.Ordinal)
        .Replace("CID", string.Create(CultureInfo.InvariantCulture, $"{i:x16}{i * 7:x16}{i * 31:x16}{i * 101:x16}"), StringComparison.Ordinal));
}
