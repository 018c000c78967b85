using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The rules of resource claims, whose wishes never change.</summary>
internal sealed class ResourceClaimStrategy(IClusterView cluster) : Strategy<ResourceClaim>
{
    protected override bool StatusWritesMetadata => false;

    protected override ResourceClaim WithStatusOf(ResourceClaim o, ResourceClaim source) => o with { Status = source.Status };

    protected override ResourceClaim Default(ResourceClaim o) => o with { Spec = DeviceClaimDefaults.Apply(o.Spec) };

    protected override void Validate(StrategyContext c, ResourceClaim o, FieldErrors errors)
    {
        AdminAccess.Check(o.Spec.Devices, o.Metadata.Namespace, cluster, errors);
        base.Validate(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, ResourceClaim o, FieldErrors errors) =>
        DeviceClaimValidation.Validate(o.Spec.Devices, Paths.Spec.Child("devices"), errors);

    protected override void ValidateUpdate(StrategyContext c, ResourceClaim updated, ResourceClaim old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Spec, old.Spec, Paths.Spec, errors);
    }

    protected override ResourceClaim PrepareForStatusUpdate(StrategyContext c, ResourceClaim updated, ResourceClaim old)
    {
        updated = StatusOnto(old, updated);
        // What a driver tells of a device ends with its allocation.
        var given = ClaimStatusValidation.Allocated(old.Status);
        given.ExceptWith(ClaimStatusValidation.Allocated(updated.Status));
        if (given.Count == 0)
            return updated;
        var kept = new List<AllocatedDeviceStatus>();
        foreach (var device in updated.Status.Devices)
            if (!given.Contains(ClaimStatusValidation.AsDevice(device)))
                kept.Add(device);
        return updated with { Status = updated.Status with { Devices = Api.ApiList.ToApiList(kept) } };
    }

    protected override void ValidateStatus(StrategyContext c, ResourceClaim updated, ResourceClaim old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        ClaimStatusValidation.Validate(updated, old, errors);
    }
}
