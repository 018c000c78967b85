using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.Storage;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.ApiServer.Tests.Cache;

/// <summary>A store, a feed, and a cache of ConfigMaps.</summary>
internal sealed class CacheFixture : IAsyncDisposable
{
    public const string Prefix = "/registry/configmaps/";

    public CacheFixture(IStore? store = null, WatchCacheOptions? options = null)
    {
        Store = store ?? new MemoryStore();
        Feed = new(Store, Clock, NullLogger.Instance);
        Cache = NewCache(ConfigMap.Descriptor, options);
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public FakeClock Clock { get; } = new();

    public IStore Store { get; }

    public StoreFeed Feed { get; }

    public WatchCache Cache { get; }

    public CountingDecoder Decoder { get; } = new();

    public static string Key(string name, string @namespace = "default") => $"{Prefix}{@namespace}/{name}";

    public WatchCache NewCache(ResourceDescriptor descriptor, WatchCacheOptions? options = null) =>
        new(descriptor, descriptor.StorageKeyPrefix, Store, Feed, Decoder, options ?? new(), Clock, NullLogger.Instance);

    /// <summary>Puts a ConfigMap; the expected revision is what the key has now.</summary>
    public async Task<long> PutAsync(string name, string app = "web", string @namespace = "default")
    {
        var value = new ConfigMap
        {
            Metadata = new() { Name = name, Namespace = @namespace, Labels = new Dictionary<string, string> { ["app"] = app }.ToApiMap() },
        };
        var key = Key(name, @namespace);
        var current = await Store.GetAsync(key, Cancellation);
        return (await Store.WriteAsync(new(key, current?.ModRevision ?? 0, ConfigMap.Descriptor.Codec.ToJson(value)), Cancellation)).Revision;
    }

    public async Task<long> DeleteAsync(string name, string @namespace = "default")
    {
        var current = await Store.GetAsync(Key(name, @namespace), Cancellation);
        return (await Store.WriteAsync(new(current!.Key, current.ModRevision, null), Cancellation)).Revision;
    }

    public static bool IsWeb(CachedObject cached) => cached.Object.Metadata.Labels.GetValueOrDefault("app") == "web";

    /// <summary>What a watcher is told, up to and with a revision: "Added a@2".</summary>
    public static async Task<List<string>> ReadAsync(WatchCacheSubscription subscription, long until)
    {
        var told = new List<string>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        await foreach (var next in subscription.ReadAllAsync(limit.Token))
        {
            told.Add(Told(next));
            if (next.Revision >= until)
                break;
        }

        return told;
    }

    public static string Told(WatchCacheEvent next) => $"{next.Type} {next.Object.Name}@{next.Object.Object.Metadata.ResourceVersion}";

    public static List<string> ReadNow(WatchCacheSubscription subscription)
    {
        var told = new List<string>();
        while (subscription.TryRead(out var next))
            told.Add(Told(next));
        return told;
    }

    public async ValueTask DisposeAsync()
    {
        Cache.Dispose();
        await Feed.DisposeAsync();
        await Store.DisposeAsync();
    }

    internal sealed class CountingDecoder : IObjectDecoder
    {
        private readonly ObjectCodec _codec = ConfigMap.Descriptor.Codec;
        private int _decoded;

        public int Decoded => _decoded;

        public CachedObject Decode(StoreEntry entry)
        {
            Interlocked.Increment(ref _decoded);
            return Make(entry.Key, (IMetadataObject)_codec.ReadJson(entry.Value.Span, null), entry.ModRevision);
        }

        public int Reads { get; private set; }

        public IMetadataObject Read(CachedObject cached)
        {
            Reads++;
            return ((IMetadataObject)_codec.ReadJson(cached.Json.Span, null)).WithMetadata(cached.Metadata);
        }

        public CachedObject Stamp(CachedObject value, long revision) => Make(value.Key, value.Object, revision);

        public CachedObject Bookmark(long revision, bool initialEventsEnd) => Make(
            Prefix,
            new ConfigMap
            {
                Metadata = new() { Annotations = initialEventsEnd ? new Dictionary<string, string> { ["k8s.io/initial-events-end"] = "true" }.ToApiMap() : default },
            },
            revision);

        private CachedObject Make(string key, IMetadataObject value, long revision)
        {
            var stamped = value.WithMetadata(value.Metadata with { ResourceVersion = revision.ToString(CultureInfo.InvariantCulture) });
            return new(key, stamped, _codec.ToJson(stamped), revision);
        }
    }
}
