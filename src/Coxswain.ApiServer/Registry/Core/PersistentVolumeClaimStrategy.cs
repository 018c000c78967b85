using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The rules of persistent volume claims.</summary>
internal sealed class PersistentVolumeClaimStrategy : Strategy<PersistentVolumeClaim>
{
    private const string ClassAnnotation = "volume.beta.kubernetes.io/storage-class";

    private static readonly string[] ResizeStates =
    [
        "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending",
    ];

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
            StorageClassName = LateClass(updated, old, errors) ? null : now.StorageClassName,
            VolumeAttributesClassName = bound && now.VolumeAttributesClassName is not null ? before.VolumeAttributesClassName : now.VolumeAttributesClassName,
            Resources = bound && now.Resources.Requests.Count > 0 && before.Resources.Requests.TryGetValue("storage", out var storage)
                ? now.Resources with { Requests = now.Resources.Requests.With("storage", storage) }
                : now.Resources,
        };
        if (comparable != before)
            errors.Forbidden(Paths.Spec, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n");
        // A claim that could not grow may go back, but not below what it has.
        if (Storage(now) < Storage(before) && Storage(now) <= old.Status.Capacity.GetValueOrDefault("storage"))
            errors.Forbidden(Paths.Spec.Child("resources").Child("requests").Child("storage"), "field can not be less than status.capacity");
        CommonRules.Unchanged(now.VolumeMode, before.VolumeMode, "volumeMode", errors);
        if (now.VolumeAttributesClassName == before.VolumeAttributesClassName || old.Status.CurrentVolumeAttributesClassName is null)
            return;
        var path = Paths.Spec.Child("volumeAttributesClassName");
        if (now.VolumeAttributesClassName is null)
            errors.Forbidden(path, "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
        else if (now.VolumeAttributesClassName.Length == 0)
            errors.Forbidden(path, "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
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
        foreach (var (name, state) in CommonRules.Sorted(updated.Status.AllocatedResourceStatuses))
        {
            var path = Paths.Status.Child("allocatedResourceStatus");
            ResourceKey(name, path, errors);
            if (!CommonRules.Contains(ResizeStates, state))
                errors.NotSupported(path, name, ResizeStates);
        }

        foreach (var (name, quantity) in CommonRules.Sorted(updated.Status.AllocatedResources))
            if (ResourceKey(name, Paths.Status.Child("allocatedResources"), errors) && quantity.Sign < 0)
                errors.Invalid(Paths.Status.Child("allocatedResources").Key(name), quantity.Value, "must be a valid resource quantity");
    }

    protected override void Warn(StrategyContext c, PersistentVolumeClaim o, PersistentVolumeClaim? old, ICollection<string> warnings)
    {
        VolumeWarnings.Class(o.Metadata.Annotations, warnings);
        VolumeWarnings.Claim(o.Spec, Paths.Spec, warnings);
    }

    /// <summary>Whether the claim gets the class only now: the default one, or that which its annotation named before there was the field.</summary>
    private static bool LateClass(PersistentVolumeClaim updated, PersistentVolumeClaim old, FieldErrors errors)
    {
        var named = old.Metadata.Annotations.GetValueOrDefault(ClassAnnotation);
        var still = updated.Metadata.Annotations.GetValueOrDefault(ClassAnnotation);
        var late = old.Spec.StorageClassName is null && updated.Spec.StorageClassName is not null;
        if (late && named is not null && updated.Spec.StorageClassName == named && still is null)
            return true;
        if (named != still)
            errors.Invalid(Paths.Metadata.Child("annotations").Key(ClassAnnotation), still ?? "", CommonRules.Immutable);
        return late && (named is null || named == updated.Spec.StorageClassName);
    }

    private static bool ResourceKey(string name, FieldPath path, FieldErrors errors)
    {
        var problems = ValidationRules.QualifiedName(name);
        errors.Invalid(path, name, problems);
        if (problems.Count > 0)
            return false;
        if (!ResourceNames.IsNative(name) || name == "storage")
            return true;
        errors.NotSupported(path, name, "storage");
        return false;
    }

    private static Quantity Storage(PersistentVolumeClaimSpec spec) => spec.Resources.Requests.GetValueOrDefault("storage");

    // Only claims and snapshots were ever sources: anything else in dataSource is dropped. What is said in one field stands in the other too.
    private static PersistentVolumeClaimSpec Sources(PersistentVolumeClaimSpec spec)
    {
        // Sources in other namespaces are an alpha feature.
        if (spec.DataSourceRef is { Namespace: not null } foreign)
            spec = spec with { DataSourceRef = foreign with { Namespace = null } };
        if (spec.DataSource is { } source && !(source.Kind == "PersistentVolumeClaim" && string.IsNullOrEmpty(source.ApiGroup))
            && source is not { Kind: "VolumeSnapshot", ApiGroup: "snapshot.storage.k8s.io" })
            spec = spec with { DataSource = null };
        if (spec is { DataSource: { } own, DataSourceRef: null })
            return spec with { DataSourceRef = new TypedObjectReference { ApiGroup = own.ApiGroup, Kind = own.Kind, Name = own.Name } };
        if (spec is { DataSource: null, DataSourceRef: { } reference } && string.IsNullOrEmpty(reference.Namespace))
            return spec with { DataSource = new TypedLocalObjectReference { ApiGroup = reference.ApiGroup, Kind = reference.Kind, Name = reference.Name } };
        return spec;
    }
}
