using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Registry;

/// <summary>The objects of kinds that are known by name only, as the caches have them.</summary>
public interface IObjectsByKind
{
    /// <summary>Whether objects of the kind are in namespaces. Null: the kind is not served.</summary>
    bool? IsNamespaced(GroupVersionKind kind);

    /// <summary>The object's JSON, or null.</summary>
    RawJson? Find(GroupVersionKind kind, string @namespace, string name);

    /// <summary>The objects of a namespace (empty: of all), in key order.</summary>
    IEnumerable<(ObjectMeta Metadata, RawJson Json)> List(GroupVersionKind kind, string @namespace);
}

internal sealed class ObjectsByKind(RegistryTable registries) : IObjectsByKind
{
    public bool? IsNamespaced(GroupVersionKind kind) => Registry(kind)?.Descriptor.Namespaced;

    public RawJson? Find(GroupVersionKind kind, string @namespace, string name) =>
        Registry(kind) is { } registry && registry.Cache.Snapshot().Find(registry.Key(@namespace, name)) is { } found ? RawJson.Copy(found.Json.Span) : null;

    public IEnumerable<(ObjectMeta Metadata, RawJson Json)> List(GroupVersionKind kind, string @namespace) => Registry(kind) is not { } registry
        ? []
        : registry.Cache.Snapshot().Range(registry.RangePrefix(@namespace)).Select(o => (o.Metadata, RawJson.Copy(o.Json.Span)));

    private ResourceRegistry? Registry(GroupVersionKind kind)
    {
        foreach (var registry in registries.All)
            if (registry.Descriptor.Kind == kind && registry.Descriptor.HasVerb("list"))
                return registry;
        return null;
    }
}
