namespace Coxswain.Api;

/// <summary>The built-in resources. Generated: one property per resource, such as <c>CoreV1Pod</c>.</summary>
public static partial class ResourceTable
{
    private static readonly Lazy<Dictionary<GroupVersionResource, ResourceDescriptor>> ByResource =
        new(() => All.ToDictionary(d => d.Resource));

    /// <summary>All built-in resources, by group and version in discovery order.</summary>
    public static IReadOnlyList<ResourceDescriptor> All => field ??= MakeAll();

    /// <summary>The built-in group versions in discovery order; versions of one group in order of preference.</summary>
    public static IReadOnlyList<GroupVersion> GroupVersions => field ??= MakeGroupVersions();

    /// <summary>The built-in resource, or null.</summary>
    public static ResourceDescriptor? Find(GroupVersionResource resource) => ByResource.Value.GetValueOrDefault(resource);
}
