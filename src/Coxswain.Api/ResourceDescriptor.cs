namespace Coxswain.Api;

/// <summary>Everything the house knows about one served resource. Built-in ones come from the schema, custom ones from a
/// CustomResourceDefinition; no reader can tell which.</summary>
public sealed record ResourceDescriptor
{
    public required GroupVersionKind Kind { get; init; }

    public required string ListKind { get; init; }

    public required string Plural { get; init; }

    public required string Singular { get; init; }

    public required bool Namespaced { get; init; }

    public ApiList<string> ShortNames { get; init; }

    public ApiList<string> Categories { get; init; }

    /// <summary>The verbs of the resource itself, sorted, as discovery lists them.</summary>
    public ApiList<string> Verbs { get; init; }

    public ApiList<SubresourceDescriptor> Subresources { get; init; }

    /// <summary>Reads and writes one object.</summary>
    public required ObjectCodec Codec { get; init; }

    /// <summary>Reads and writes a list; null for a resource that cannot be listed.</summary>
    public ObjectCodec? ListCodec { get; init; }

    /// <summary>What all keys of the resource's objects begin with, as upstream writes them: <c>/registry/pods/</c>.</summary>
    public required string StorageKeyPrefix { get; init; }

    public SchemaType Schema => Codec.Schema;

    /// <summary>The type of a list; null for a resource that cannot be listed.</summary>
    public SchemaType? ListSchema { get => field ?? ListCodec?.Schema; init; }

    public GroupVersionResource Resource => new(Kind.Group, Kind.Version, Plural);

    /// <summary>The key of one object; the namespace is empty for cluster-scoped resources.</summary>
    public string StorageKey(string @namespace, string name) =>
        @namespace.Length == 0 ? StorageKeyPrefix + name : $"{StorageKeyPrefix}{@namespace}/{name}";

    /// <summary>What the keys of a namespace's objects begin with; of all objects for the empty namespace.</summary>
    public string StorageKeyPrefixOf(string @namespace) => @namespace.Length == 0 ? StorageKeyPrefix : $"{StorageKeyPrefix}{@namespace}/";

    public bool HasVerb(string verb) => Verbs.AsSpan().Contains(verb);

    public SubresourceDescriptor? FindSubresource(string name)
    {
        foreach (var subresource in Subresources)
        {
            if (subresource.Name == name)
                return subresource;
        }
        return null;
    }

    public override string ToString() => Resource.ToString();
}

/// <summary>One subresource: <c>status</c>, <c>scale</c>, <c>exec</c>.</summary>
public sealed record SubresourceDescriptor(string Name, GroupVersionKind Kind, ApiList<string> Verbs);
