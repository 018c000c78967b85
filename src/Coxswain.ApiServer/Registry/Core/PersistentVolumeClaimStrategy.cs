using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of persistent volume claims.</summary>
internal sealed class PersistentVolumeClaimStrategy : Strategy<PersistentVolumeClaim>
{
    protected override PersistentVolumeClaim WithStatusOf(PersistentVolumeClaim o, PersistentVolumeClaim source) => o with { Status = source.Status };

    protected override PersistentVolumeClaim Default(PersistentVolumeClaim o) => Defaulted(o);

    /// <summary>Also for the claim templates of stateful sets.</summary>
    public static PersistentVolumeClaim Defaulted(PersistentVolumeClaim o) => o with
    {
        Spec = o.Spec.VolumeMode is null ? o.Spec with { VolumeMode = "Filesystem" } : o.Spec,
        Status = o.Status.Phase.Length == 0 ? o.Status with { Phase = "Pending" } : o.Status,
    };

    protected override PersistentVolumeClaim PrepareForCreate(StrategyContext c, PersistentVolumeClaim o) =>
        o with { Spec = Sources(o.Spec), Status = new PersistentVolumeClaimStatus { Phase = "Pending" } };

    protected override PersistentVolumeClaim PrepareForUpdate(StrategyContext c, PersistentVolumeClaim updated, PersistentVolumeClaim old) =>
        updated with { Spec = Sources(updated.Spec), Status = old.Status };

    protected override void ValidateObject(StrategyContext c, PersistentVolumeClaim o, FieldErrors errors) =>
        ClaimSpecValidation.Validate(o.Spec, Paths.Spec, errors);

    protected override void ValidateUpdate(StrategyContext c, PersistentVolumeClaim updated, PersistentVolumeClaim old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        var (now, before) = (updated.Spec, old.Spec);
        var bound = updated.Status.Phase == "Bound";
        var comparable = now with
        {
            VolumeName = before.VolumeName.Length == 0 ? "" : now.VolumeName,
            // The default class may come late.
            StorageClassName = before.StorageClassName is null ? null : now.StorageClassName,
            VolumeAttributesClassName = before.VolumeAttributesClassName,
            Resources = bound && now.Resources.Requests.Count > 0 && before.Resources.Requests.TryGetValue("storage", out var storage)
                ? now.Resources with { Requests = now.Resources.Requests.With("storage", storage) }
                : now.Resources,
        };
        if (comparable != before)
            errors.Forbidden(Paths.Spec, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n");
        if (bound && Storage(now) < Storage(before) && Storage(now) <= old.Status.Capacity.GetValueOrDefault("storage"))
            errors.Forbidden(Paths.Spec.Child("resources").Child("requests").Child("storage"), "field can not be less than status.capacity");
        CommonRules.Unchanged(now.VolumeMode, before.VolumeMode, "volumeMode", errors);
        if (now.VolumeAttributesClassName != before.VolumeAttributesClassName && !bound && before.VolumeName.Length > 0)
            errors.Forbidden(Paths.Spec.Child("volumeAttributesClassName"), "update is forbidden when the claim is not bound");
    }

    protected override void ValidateStatus(StrategyContext c, PersistentVolumeClaim updated, PersistentVolumeClaim old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Metadata.ResourceVersion.Length == 0)
            errors.Required("resourceVersion");
        if (updated.Spec.AccessModes.Count == 0)
            errors.Required(new FieldPath("Spec").Child("accessModes"));
        foreach (var (name, quantity) in CommonRules.Sorted(updated.Status.Capacity))
            if (quantity.Sign < 0)
                errors.Invalid(Paths.Status.Child("capacity").Key(name), quantity.Value, "must be a valid resource quantity");
    }

    private static Quantity Storage(PersistentVolumeClaimSpec spec) => spec.Resources.Requests.GetValueOrDefault("storage");

    // Only claims and snapshots were ever sources; anything else in dataSource is dropped, and dataSourceRef says the same.
    private static PersistentVolumeClaimSpec Sources(PersistentVolumeClaimSpec spec)
    {
        if (spec.DataSource is { } source && !(source.Kind == "PersistentVolumeClaim" && string.IsNullOrEmpty(source.ApiGroup))
            && source is not { Kind: "VolumeSnapshot", ApiGroup: "snapshot.storage.k8s.io" })
            spec = spec with { DataSource = null };
        if (spec is { DataSource: { } own, DataSourceRef: null })
            return spec with { DataSourceRef = new TypedObjectReference { ApiGroup = own.ApiGroup, Kind = own.Kind, Name = own.Name } };
        if (spec is { DataSource: null, DataSourceRef: { } reference } && string.IsNullOrEmpty(reference.Namespace)
            && ((reference.Kind == "PersistentVolumeClaim" && string.IsNullOrEmpty(reference.ApiGroup))
                || reference is { Kind: "VolumeSnapshot", ApiGroup: "snapshot.storage.k8s.io" }))
            return spec with { DataSource = new TypedLocalObjectReference { ApiGroup = reference.ApiGroup, Kind = reference.Kind, Name = reference.Name } };
        return spec;
    }
}
