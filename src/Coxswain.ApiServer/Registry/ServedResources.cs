using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>What is served at one moment: the built-in resources, then those of definitions. Immutable; a new one takes its place
/// when a definition comes, changes or goes.</summary>
internal sealed class ServedResources(IReadOnlyList<ResourceRegistry> builtIn, IReadOnlyList<ResourceRegistry> custom)
{
    /// <summary>The resources of definitions.</summary>
    public IReadOnlyList<ResourceRegistry> Custom => custom;

    /// <summary>In discovery order.</summary>
    public IReadOnlyList<ResourceRegistry> All { get; } = custom.Count == 0 ? builtIn : [.. builtIn, .. custom];

    public IReadOnlyList<ResourceDescriptor> Descriptors => field ??= [.. All.Select(registry => registry.Descriptor)];

    /// <summary>The groups of definitions.</summary>
    public IReadOnlySet<string> CustomGroups { get; } = custom.Select(registry => registry.Descriptor.Kind.Group).ToHashSet(StringComparer.Ordinal);
}
