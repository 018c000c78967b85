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

    public GroupVersionResource Resource => new(Kind.Group, Kind.Version, Plural);

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
