using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of persistent volumes.</summary>
internal sealed class PersistentVolumeStrategy : Strategy<PersistentVolume>
{
    protected override PersistentVolume WithStatusOf(PersistentVolume o, PersistentVolume source) => o with { Status = source.Status };

    protected override PersistentVolume Default(PersistentVolume o)
    {
        var spec = o.Spec with
        {
            PersistentVolumeReclaimPolicy = VolumeDefaults.Or(o.Spec.PersistentVolumeReclaimPolicy, "Retain"),
            VolumeMode = o.Spec.VolumeMode ?? "Filesystem",
        };
        if (spec.HostPath is { Type: null })
            spec = spec with { HostPath = spec.HostPath with { Type = "" } };
        if (spec.Iscsi is { IscsiInterface.Length: 0 })
            spec = spec with { Iscsi = spec.Iscsi with { IscsiInterface = "default" } };
        if (spec.Rbd is { } rbd)
            spec = spec with
            {
                Rbd = rbd with
                {
                    Pool = VolumeDefaults.Or(rbd.Pool, "rbd"),
                    User = VolumeDefaults.Or(rbd.User, "admin"),
                    Keyring = VolumeDefaults.Or(rbd.Keyring, "/etc/ceph/keyring"),
                },
            };
        if (spec.AzureDisk is not null)
            spec = spec with { AzureDisk = VolumeDefaults.AzureDisk(spec.AzureDisk) };
        return o with { Spec = spec, Status = o.Status.Phase.Length == 0 ? o.Status with { Phase = "Pending" } : o.Status };
    }

    protected override PersistentVolume PrepareForCreate(StrategyContext c, PersistentVolume o) =>
        o with { Status = new PersistentVolumeStatus { Phase = "Pending", LastPhaseTransitionTime = c.Now } };

    protected override PersistentVolume PrepareForStatusUpdate(StrategyContext c, PersistentVolume updated, PersistentVolume old)
    {
        var status = updated.Status;
        if (status.Phase != old.Status.Phase && (status.LastPhaseTransitionTime is null || status.LastPhaseTransitionTime == old.Status.LastPhaseTransitionTime))
            status = status with { LastPhaseTransitionTime = c.Now };
        return old with { Metadata = updated.Metadata, Status = status };
    }

    protected override void ValidateObject(StrategyContext c, PersistentVolume o, FieldErrors errors) =>
        PersistentVolumeValidation.Spec(o.Spec, inline: false, Paths.Spec, errors);

    protected override void ValidateUpdate(StrategyContext c, PersistentVolume updated, PersistentVolume old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        var source = PersistentVolumeValidation.SourceOf(updated.Spec);
        // How to grow the volume may be told later.
        if (source.Csi is { ControllerExpandSecretRef: not null } && old.Spec.Csi is { ControllerExpandSecretRef: null })
            source = source with { Csi = source.Csi with { ControllerExpandSecretRef = null } };
        if (source != PersistentVolumeValidation.SourceOf(old.Spec))
            errors.Forbidden(Paths.Spec.Child("persistentvolumesource"), "spec.persistentvolumesource is immutable after creation\n");
        CommonRules.Unchanged(updated.Spec.VolumeMode, old.Spec.VolumeMode, "volumeMode", errors);
        if (old.Spec.NodeAffinity is { } affinity && updated.Spec.NodeAffinity != VolumeNodeLabels.Renamed(affinity, updated.Spec.NodeAffinity))
            errors.Invalid("nodeAffinity", updated.Spec.NodeAffinity, $"{CommonRules.Immutable}, except for updating from beta label to GA");
        if (old.Spec.VolumeAttributesClassName is not null && updated.Spec.VolumeAttributesClassName is null)
            errors.Forbidden(Paths.Spec.Child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
    }

    protected override void Warn(StrategyContext c, PersistentVolume o, PersistentVolume? old, ICollection<string> warnings) =>
        VolumeWarnings.Persistent(o, warnings);

    protected override void ValidateStatus(StrategyContext c, PersistentVolume updated, PersistentVolume old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Metadata.ResourceVersion.Length == 0)
            errors.Required("resourceVersion");
    }
}
