using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>What binding asks of claims, volumes and classes. The annotations are those that provisioners and the scheduler read.</summary>
internal static class VolumeFacts
{
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";
    public const string ProvisionerBeta = "volume.beta.kubernetes.io/storage-provisioner";
    public const string ClassBeta = "volume.beta.kubernetes.io/storage-class";
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";
    private const string DefaultClassBeta = "storageclass.beta.kubernetes.io/is-default-class";

    /// <summary>The class that a claim asks for; null: it has not said, and the default class will be its.</summary>
    public static string? ClassOf(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.TryGetValue(ClassBeta, out var old) ? old : claim.Spec.StorageClassName;

    public static string ClassOf(PersistentVolume volume) =>
        volume.Metadata.Annotations.TryGetValue(ClassBeta, out var old) ? old : volume.Spec.StorageClassName;

    public static string ModeOf(string? mode) => string.IsNullOrEmpty(mode) ? PersistentVolumeMode.Filesystem : mode;

    public static Quantity RequestOf(PersistentVolumeClaim claim) => claim.Spec.Resources.Requests.GetValueOrDefault("storage");

    public static Quantity CapacityOf(PersistentVolume volume) => volume.Spec.Capacity.GetValueOrDefault("storage");

    /// <summary>The class that is to wait until a pod that uses the claim has a node.</summary>
    public static bool Waits(StorageClass? storageClass) => storageClass?.VolumeBindingMode == VolumeBindingMode.WaitForFirstConsumer;

    /// <summary>Of the classes marked as default the newest; of those of one age the first by name.</summary>
    public static StorageClass? Default(IEnumerable<StorageClass> classes) => classes
        .Where(c => c.Metadata.Annotations.GetValueOrDefault(DefaultClass) == "true" || c.Metadata.Annotations.GetValueOrDefault(DefaultClassBeta) == "true")
        .OrderByDescending(c => c.Metadata.CreationTimestamp).ThenBy(c => c.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The volume is set aside for the claim, by the user (who knows no uid) or by a controller.</summary>
    public static bool IsReservedFor(PersistentVolume volume, PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } reference && reference.Name == claim.Metadata.Name && reference.Namespace == claim.Metadata.Namespace
        && (reference.Uid.Length == 0 || reference.Uid == claim.Metadata.Uid);

    /// <summary>Why a volume that a claim names cannot serve it; null: it can.</summary>
    public static string? Mismatch(PersistentVolume volume, PersistentVolumeClaim claim)
    {
        if (CapacityOf(volume) < RequestOf(claim))
            return "requested PV is too small";
        if (ClassOf(volume) != (ClassOf(claim) ?? ""))
            return "storageClassName does not match";
        if ((volume.Spec.VolumeAttributesClassName ?? "") != (claim.Spec.VolumeAttributesClassName ?? ""))
            return "volumeAttributesClassName does not match";
        if (ModeOf(volume.Spec.VolumeMode) != ModeOf(claim.Spec.VolumeMode))
            return "incompatible volumeMode";
        return HasModes(volume, claim) ? null : "incompatible accessMode";
    }

    public static bool HasModes(PersistentVolume volume, PersistentVolumeClaim claim)
    {
        foreach (var mode in claim.Spec.AccessModes)
        {
            if (!volume.Spec.AccessModes.Contains(mode))
                return false;
        }
        return true;
    }

    public static NamespacedName? ClaimNameOf(PersistentVolume volume) =>
        volume.Spec.ClaimRef is { } reference ? new(reference.Namespace, reference.Name) : null;

    public static ObjectReference ReferenceTo(PersistentVolumeClaim claim) => EventRecorder.ReferenceTo(claim);
}
