namespace Coxswain.Api;

/// <summary>A group and version of the API; the core group's name is empty.</summary>
public readonly record struct GroupVersion(string Group, string Version)
{
    /// <summary>The form that documents carry: <c>v1</c>, <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Reads <c>v1</c> or <c>apps/v1</c>; false for anything else.</summary>
    public static bool TryParse(string apiVersion, out GroupVersion result)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        result = slash < 0 ? new("", apiVersion) : new(apiVersion[..slash], apiVersion[(slash + 1)..]);
        return result.Version.Length > 0 && !result.Version.Contains('/', StringComparison.Ordinal);
    }

    public override string ToString() => ApiVersion;
}

/// <summary>What a document is: the group, version and kind that its <c>apiVersion</c> and <c>kind</c> name.</summary>
public readonly record struct GroupVersionKind(string Group, string Version, string Kind)
{
    public string ApiVersion => GroupVersion.ApiVersion;

    public GroupVersion GroupVersion => new(Group, Version);

    /// <summary>The form of upstream's messages: <c>apps/v1, Kind=Deployment</c>.</summary>
    public override string ToString() =>
        Group.Length == 0 && Version.Length == 0 && Kind.Length == 0 ? "" : $"{Group}/{Version}, Kind={Kind}";
}

/// <summary>A served resource: the path of its requests.</summary>
public readonly record struct GroupVersionResource(string Group, string Version, string Resource)
{
    public GroupVersion GroupVersion => new(Group, Version);

    public GroupResource GroupResource => new(Group, Resource);

    public override string ToString() => $"{Group}/{Version}, Resource={Resource}";
}

/// <summary>A resource whatever its version: what messages and RBAC rules name.</summary>
public readonly record struct GroupResource(string Group, string Resource)
{
    /// <summary>The form of upstream's messages: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public override string ToString() => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>The name of an object within its resource; the namespace is empty for cluster-scoped objects.</summary>
public readonly record struct NamespacedName(string Namespace, string Name)
{
    public static NamespacedName Of(IMetadataObject value) => new(value.Metadata.Namespace, value.Metadata.Name);

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
