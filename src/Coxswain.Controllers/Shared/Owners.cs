using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Controllers;

/// <summary>Owner references.</summary>
internal static class Owners
{
    /// <summary>The reference to the one owner that controls the object, if any.</summary>
    public static OwnerReference? ControllerOf(ObjectMeta metadata)
    {
        foreach (var reference in metadata.OwnerReferences)
        {
            if (reference.Controller == true)
                return reference;
        }
        return null;
    }

    public static bool IsControlledBy(ObjectMeta metadata, IMetadataObject owner) => ControllerOf(metadata)?.Uid == owner.Metadata.Uid;

    public static string GroupOf(OwnerReference reference) =>
        GroupVersion.TryParse(reference.ApiVersion, out var version) ? version.Group : "";

    /// <summary>A reference that makes <paramref name="owner"/> the controller.</summary>
    public static OwnerReference Controller(IMetadataObject owner) => new()
    {
        ApiVersion = owner.GroupVersionKind.ApiVersion,
        Kind = owner.GroupVersionKind.Kind,
        Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };
}
