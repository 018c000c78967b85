using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>Which resources show the same objects in another group or version.</summary>
public interface IResourceForms
{
    /// <summary>The other resources that show the same objects; often none.</summary>
    IReadOnlyList<ResourceDescriptor> EquivalentsOf(ResourceDescriptor descriptor);

    /// <summary>An object of one of them as it looks in another.</summary>
    IMetadataObject Convert(IMetadataObject o, ResourceDescriptor from, ResourceDescriptor to);
}

/// <summary>Resources with the same keys in the store show the same objects.</summary>
internal sealed class ResourceForms(RegistryTable registries) : IResourceForms
{
    public IReadOnlyList<ResourceDescriptor> EquivalentsOf(ResourceDescriptor descriptor)
    {
        if (registries.Find(descriptor.Resource) is not { } own)
            return [];
        List<ResourceDescriptor>? found = null;
        foreach (var other in registries.All)
            if (!ReferenceEquals(other, own) && other.KeyPrefix == own.KeyPrefix)
                (found ??= []).Add(other.Descriptor);
        return found ?? (IReadOnlyList<ResourceDescriptor>)[];
    }

    public IMetadataObject Convert(IMetadataObject o, ResourceDescriptor from, ResourceDescriptor to) =>
        registries.Find(to.Resource)!.FromStored(registries.Find(from.Resource)!.ToStored(o));
}
