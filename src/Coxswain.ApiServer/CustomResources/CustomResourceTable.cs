using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;
using Coxswain.ApiServer.Webhooks;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The registries of custom resources, as the established definitions in the cache give them.</summary>
/// <remarks>
/// <para>The table follows the cache of definitions: whoever asks compares the cache's state with the one that the table was made
/// of, so that a client who has seen a definition established finds it served. Registries of definitions that have not changed stay;
/// those of changed ones are made anew, and the watches of the old ones end.</para>
/// <para>Safe for concurrent use.</para>
/// </remarks>
internal sealed class CustomResourceTable : IAsyncDisposable
{
    private readonly Lazy<IReadOnlyList<ResourceRegistry>> _builtIn;
    private readonly ResourceRegistry? _definitions;
    private readonly IStore _store;
    private readonly StoreFeed _feed;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private State? _state;
    private readonly List<Task> _closing = [];
    private bool _disposed;

    public CustomResourceTable(
        Func<IReadOnlyList<ResourceRegistry>> builtIn, ResourceRegistry? definitions, IStore store, StoreFeed feed, TimeProvider clock, ILogger log)
    {
        _builtIn = new(builtIn);
        (_definitions, _store, _feed, _clock, _log) = (definitions, store, feed, clock, log);
    }

    /// <summary>Calls conversion webhooks. Set once, before the first request.</summary>
    public WebhookTransport? Webhooks { get; set; }

    /// <summary>What is served now.</summary>
    public ServedResources Served => Current().Served;

    /// <summary>Completes when the definitions are known.</summary>
    public ValueTask ReadyAsync(CancellationToken cancellation) => _definitions is null ? default : _definitions.Cache.ReadyAsync(cancellation);

    /// <summary>Completes when it is known whether a resource is defined, also by what another server has just acknowledged.</summary>
    public async ValueTask ReadyAsync(GroupVersionResource resource, CancellationToken cancellation)
    {
        if (_definitions is null)
            return;
        await _definitions.Cache.ReadyAsync(cancellation);
        if (Find(resource) is null)
            await _definitions.Cache.TryCatchUpAsync(cancellation);
    }

    public ResourceRegistry? Find(GroupVersionResource resource) => Current().ByResource.GetValueOrDefault(resource);

    /// <summary>The registry in which the objects of a definition are stored, or null if it is not served.</summary>
    public ResourceRegistry? OfDefinition(string name)
    {
        var entry = Current().Entries.GetValueOrDefault(name);
        return entry?.Storage;
    }

    /// <summary>Whether a definition is on its way out, so that nothing new may come.</summary>
    public bool IsTerminating(ResourceDescriptor descriptor) => _definitions is not null
        && _definitions.Cache.Snapshot().Find(_definitions.Key("", descriptor.Resource.GroupResource.ToString())) is { Object.Metadata.DeletionTimestamp: not null };

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            if (_state is not null)
            {
                foreach (var entry in _state.Entries.Values)
                    Close(entry);
            }

            _state = Empty();
        }

        await Task.WhenAll(_closing);
    }

    /// <summary>Ends the watches of an entry. What must be waited for is waited for when the table is disposed.</summary>
    private void Close(Entry entry)
    {
        foreach (var registry in entry.Registries)
            registry.Dispose();
        _closing.RemoveAll(task => task.IsCompletedSuccessfully);
        _closing.AddRange(entry.Feeds.Select(feed => feed.DisposeAsync().AsTask()));
    }

    private State Empty() => new(null, new(_builtIn.Value, []), [], []);

    private State Current()
    {
        var state = Volatile.Read(ref _state);
        if (state is not null && (_definitions?.Cache.State is not { } seen || ReferenceEquals(state.Seen, seen)))
            return state;
        lock (_gate)
        {
            state = _state ??= Empty();
            if (_disposed || _definitions?.Cache.State is not { } now || ReferenceEquals(state.Seen, now))
                return state;

            state = Follow(state, now);
            Volatile.Write(ref _state, state);
            return state;
        }
    }

    private State Follow(State before, object seen)
    {
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var cached in _definitions!.Cache.Snapshot().Range(_definitions.KeyPrefix))
        {
            var definition = (CustomResourceDefinition)cached.Object;
            if (!IsEstablished(definition))
                continue;
            var known = before.Entries.GetValueOrDefault(cached.Name);
            entries[cached.Name] = known is not null && known.IsOf(definition) ? known : Make(definition);
        }

        foreach (var (name, entry) in before.Entries)
            if (!ReferenceEquals(entries.GetValueOrDefault(name), entry))
                Close(entry);
        if (entries.Count == before.Entries.Count && entries.All(entry => ReferenceEquals(before.Entries.GetValueOrDefault(entry.Key), entry.Value)))
            return before with { Seen = seen };

        // Groups by name, their versions by preference, resources by name: the order of discovery.
        List<ResourceRegistry> custom =
        [
            .. entries.Values.SelectMany(entry => entry.Registries)
                .OrderBy(registry => registry.Descriptor.Kind.Group, StringComparer.Ordinal)
                .ThenBy(registry => registry.Descriptor.Kind.Version, ApiVersionOrder.Instance)
                .ThenBy(registry => registry.Descriptor.Plural, StringComparer.Ordinal),
        ];
        return new(seen, new(_builtIn.Value, custom), custom.ToDictionary(registry => registry.Descriptor.Resource), entries);
    }

    private Entry Make(CustomResourceDefinition definition)
    {
        var versions = definition.Spec.Versions.Select(version => new CustomVersion(definition, version)).ToList();
        var codecs = versions.ToDictionary(version => version.Version.Name, version => version.Codec, StringComparer.Ordinal);
        var storage = versions.First(version => version.Version.Storage);
        var webhook = ConversionWebhook.Of(definition, Webhooks);
        var registries = new List<ResourceRegistry>();
        var feeds = new List<StoreFeed>();
        foreach (var version in versions.Where(version => version.Version.Served))
        {
            var (store, feed, stored) = (_store, _feed, storage.Codec);
            if (webhook is not null)
            {
                // A webhook takes its time, which nobody else should wait for: a feed of its own, with everything in one version.
                store = new ConvertingStore(_store, webhook, version.Codec.Kind.ApiVersion, storage.Codec.Kind.ApiVersion);
                feed = new(store, _clock, _log, version.Descriptor.StorageKeyPrefix);
                feeds.Add(feed);
                stored = version.Codec;
            }

            registries.Add(new(version.Descriptor, new CustomForm(version.Descriptor, version.Codec, stored, codecs), store, feed, _clock, _log)
            {
                Strategy = new CustomResourceStrategy(version),
                Columns = new CustomColumns(version.Codec, version.Version.AdditionalPrinterColumns),
                Warning = version.Warning(Newest(definition, version.Version)),
                StoredKind = storage.Codec.Kind,
            });
        }

        return new(definition, registries, feeds);
    }

    private static CustomResourceDefinitionVersion? Newest(CustomResourceDefinition definition, CustomResourceDefinitionVersion than) => definition.Spec.Versions
        .Where(version => version is { Served: true, Deprecated: false } && ApiVersionOrder.Instance.Compare(version.Name, than.Name) < 0)
        .OrderBy(version => version.Name, ApiVersionOrder.Instance).FirstOrDefault();

    private static bool IsEstablished(CustomResourceDefinition definition)
    {
        foreach (var condition in definition.Status.Conditions)
            if (condition is { Type: "Established", Status: "True" })
                return true;
        return false;
    }

    private sealed record State(
        object? Seen, ServedResources Served, Dictionary<GroupVersionResource, ResourceRegistry> ByResource, Dictionary<string, Entry> Entries);

    private sealed class Entry(CustomResourceDefinition definition, IReadOnlyList<ResourceRegistry> registries, IReadOnlyList<StoreFeed> feeds)
    {
        public IReadOnlyList<ResourceRegistry> Registries => registries;

        public IReadOnlyList<StoreFeed> Feeds => feeds;

        public ResourceRegistry? Storage => registries.FirstOrDefault(registry => registry.StoredKind == registry.Descriptor.Kind) ?? (registries.Count > 0 ? registries[0] : null);

        public bool IsOf(CustomResourceDefinition other) => definition.Metadata.Uid == other.Metadata.Uid
            && definition.Status.AcceptedNames.Equals(other.Status.AcceptedNames)
            && definition.Spec.Equals(other.Spec);
    }
}
