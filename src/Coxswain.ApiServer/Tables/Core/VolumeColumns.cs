using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables.Core;

internal static class VolumeColumns
{
    private const string ClassAnnotation = "volume.beta.kubernetes.io/storage-class";

    public static TableColumns Claims { get; } = TableColumns.For<PersistentVolumeClaim>()
        .Name()
        .Add("Status", claim => claim.Metadata.DeletionTimestamp is null ? claim.Status.Phase : "Terminating")
        .Add("Volume", claim => claim.Spec.VolumeName)
        .Add("Capacity", claim => claim.Spec.VolumeName.Length == 0 ? "" : claim.Status.Capacity.GetValueOrDefault("storage").ToString())
        .Add("Access Modes", claim => claim.Spec.VolumeName.Length == 0 ? "" : TableText.AccessModes(claim.Status.AccessModes))
        .Add("StorageClass", claim => StorageClass(claim.Metadata, claim.Spec.StorageClassName))
        .Add("VolumeAttributesClass", claim => claim.Spec.VolumeAttributesClassName ?? TableText.Unset)
        .Age()
        .Wide("VolumeMode", claim => claim.Spec.VolumeMode ?? TableText.Unset)
        .Build();

    public static TableColumns Volumes { get; } = TableColumns.For<PersistentVolume>()
        .Name()
        .Add("Capacity", volume => volume.Spec.Capacity.GetValueOrDefault("storage").ToString())
        .Add("Access Modes", volume => TableText.AccessModes(volume.Spec.AccessModes))
        .Add("Reclaim Policy", volume => volume.Spec.PersistentVolumeReclaimPolicy)
        .Add("Status", volume => volume.Metadata.DeletionTimestamp is null ? volume.Status.Phase : "Terminating")
        .Add("Claim", volume => volume.Spec.ClaimRef is { } claim ? $"{claim.Namespace}/{claim.Name}" : "")
        .Add("StorageClass", volume => StorageClass(volume.Metadata, volume.Spec.StorageClassName))
        .Add("VolumeAttributesClass", volume => volume.Spec.VolumeAttributesClassName ?? TableText.Unset)
        .Add("Reason", volume => volume.Status.Reason)
        .Age()
        .Wide("VolumeMode", volume => volume.Spec.VolumeMode ?? TableText.Unset)
        .Build();

    // The annotation is older than the field and still wins.
    private static string StorageClass(ObjectMeta metadata, string? name) => metadata.Annotations.GetValueOrDefault(ClassAnnotation) ?? name ?? "";
}
