using System.Diagnostics;
using System.Globalization;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
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
        using var cache = new WatchCache(Pod.Descriptor, Pod.Descriptor.StorageKeyPrefix, store, feed, new Decoder(), new(), TimeProvider.System, NullLogger.Instance);
        var since = Stopwatch.GetTimestamp();
        await cache.ReadyAsync(CancellationToken.None);
        var load = Stopwatch.GetElapsedTime(since);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        var json = cache.Bytes / Pods;
        Console.WriteLine($"a pod: {json} bytes of JSON, {(after - before) / Pods} bytes in the cache, {(double)(after - before) / cache.Bytes:f2} times; loaded {Pods / load.TotalSeconds:f0}/s");

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

    /// <summary>What the registry does, without its conversions.</summary>
    private sealed class Decoder : IObjectDecoder
    {
        private readonly ObjectCodec _codec = Pod.Descriptor.Codec;

        public CachedObject Decode(StoreEntry entry) =>
            Make(entry.Key, (IMetadataObject)_codec.ReadJson(entry.Value.Span, null), entry.ModRevision);

        public IMetadataObject Read(CachedObject cached) =>
            ((IMetadataObject)_codec.ReadJson(cached.Json.Span, null)).WithMetadata(cached.Metadata);

        public CachedObject Stamp(CachedObject value, long revision) => Make(value.Key, value.Object, revision);

        public CachedObject Bookmark(long revision, bool initialEventsEnd) => Make("", new Pod(), revision);

        private CachedObject Make(string key, IMetadataObject value, long revision)
        {
            var stamped = value.WithMetadata(value.Metadata with { ResourceVersion = revision.ToString(CultureInfo.InvariantCulture) });
            return new(key, stamped, _codec.ToJson(stamped), revision);
        }
    }
}
