using System.Collections.Frozen;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.ApiServer.Authentication;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.CustomResources;
using Coxswain.ApiServer.Datastore;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Registry;

/// <summary>The registries of all served resources, and the one feed of changes that they share.</summary>
internal sealed class RegistryTable : IClusterView, IBoundObjects, IAsyncDisposable
{
    private readonly FrozenDictionary<GroupVersionResource, ResourceRegistry> _byResource;
    private readonly FrozenSet<string> _groups;

    public RegistryTable(IEnumerable<ResourceDescriptor> served, IStore store, TimeProvider clock, ILoggerFactory logs, TimeSpan eventTtl)
    {
        Store = store;
        Feed = new(store, clock, logs.CreateLogger<StoreFeed>());
        var log = logs.CreateLogger<WatchCache>();
        All = [.. served.Select(d => new ResourceRegistry(d, StoredForms.For(d), store, Feed, clock, log) { TimeToLive = d.Plural == "events" ? eventTtl : null })];
        _byResource = All.ToFrozenDictionary(r => r.Descriptor.Resource);
        _groups = All.Select(r => r.Descriptor.Kind.Group).ToFrozenSet(StringComparer.Ordinal);
        Custom = new(() => [.. Visible], Find(CustomResourceDefinition.Descriptor.Resource), store, Feed, clock, log);
    }

    /// <summary>The built-in resources, in discovery order.</summary>
    public IReadOnlyList<ResourceRegistry> All { get; }

    /// <summary>Which of them clients see.</summary>
    public RuntimeConfig Config { get; init; } = new(new Dictionary<string, string>());

    /// <summary>Those that clients see, in discovery order.</summary>
    public IEnumerable<ResourceRegistry> Visible => All.Where(r => Config.IsServed(r.Descriptor));

    /// <summary>The resources that definitions define.</summary>
    public CustomResourceTable Custom { get; }

    /// <summary>Everything that clients see now, in discovery order: the built-in resources, then those of definitions.</summary>
    public ServedResources Served => Custom.Served;

    /// <summary>What there is, whether clients see it or not.</summary>
    public IEnumerable<ResourceRegistry> Everything => All.Concat(Served.Custom);

    /// <summary>Whether a group has built-in resources.</summary>
    public bool IsBuiltIn(string group) => group.Length == 0 || _groups.Contains(group);

    public IStore Store { get; }

    /// <summary>Knows whether the store answers.</summary>
    public required GuardedStore Guard { get; init; }

    /// <summary>What feeds all caches.</summary>
    public StoreFeed Feed { get; }

    public ResourceRegistry? Find(GroupVersionResource resource) =>
        _byResource.TryGetValue(resource, out var builtIn) ? builtIn
        : Custom?.Find(resource);

    public ResourceRegistry For<T>()
        where T : class, IResource<T> => _byResource[T.Descriptor.Resource];

    /// <summary>Gives every registry its rules; called once, before the first request. Rules look at the cluster, so they come second.</summary>
    public void UseStrategies(StrategyTable strategies)
    {
        foreach (var registry in All)
            registry.Strategy = strategies.For(registry.Descriptor);
    }

    /// <summary>Loads the caches of everything that is stored, all at once.</summary>
    public Task LoadAsync(CancellationToken cancellation) =>
        Task.WhenAll(All.Where(r => r.Descriptor.HasVerb("list")).Select(r => r.Cache.ReadyAsync(cancellation).AsTask()));

    public T? Find<T>(NamespacedName name)
        where T : class, IResource<T>
    {
        var registry = For<T>();
        return registry.Cache.Snapshot().Find(registry.Key(name.Namespace, name.Name))?.Object as T;
    }

    public IEnumerable<T> List<T>(string @namespace)
        where T : class, IResource<T>
    {
        var registry = For<T>();
        registry.Cache.KeepDecoded();
        foreach (var cached in registry.Cache.Snapshot().Range(registry.RangePrefix(@namespace)))
            yield return (T)cached.Object;
    }

    public async ValueTask CatchUpAsync<T>(CancellationToken cancellation)
        where T : class, IResource<T> => await For<T>().ReadAsync(cancellation);

    public async ValueTask<T?> GetAsync<T>(NamespacedName name, CancellationToken cancellation)
        where T : class, IResource<T> => (await For<T>().FindAsync(name.Namespace, name.Name, cancellation))?.Object as T;

    public async ValueTask<BoundObject?> FindAsync(string resource, string @namespace, string name, CancellationToken cancellation)
    {
        if (Find(new("", "v1", resource)) is not { } registry || await registry.LookUpAsync(@namespace, name, cancellation) is not { } found)
            return null;
        return new BoundObject(found.Metadata.Uid, found.Metadata.DeletionTimestamp);
    }

    public async ValueTask DisposeAsync()
    {
        await Custom.DisposeAsync();
        foreach (var registry in All)
            registry.Dispose();
        await Feed.DisposeAsync();
    }
}
