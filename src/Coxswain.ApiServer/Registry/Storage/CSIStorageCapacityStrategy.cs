using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of storage capacities.</summary>
internal sealed class CSIStorageCapacityStrategy : Strategy<CSIStorageCapacity>
{
    protected override void ValidateObject(StrategyContext c, CSIStorageCapacity o, FieldErrors errors)
    {
        LabelValidation.Selector(o.NodeTopology, "nodeTopology", errors);
        errors.Invalid("storageClassName", o.StorageClassName, ValidationRules.Dns1123Subdomain(o.StorageClassName));
        if (o.Capacity is { } capacity)
            CommonRules.NonNegative(capacity, "capacity", errors);
        if (o.MaximumVolumeSize is { } size)
            CommonRules.NonNegative(size, "maximumVolumeSize", errors);
    }

    protected override void ValidateUpdate(StrategyContext c, CSIStorageCapacity updated, CSIStorageCapacity old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        CommonRules.Unchanged(updated.NodeTopology, old.NodeTopology, "nodeTopology", errors);
        CommonRules.Unchanged(updated.StorageClassName, old.StorageClassName, "storageClassName", errors);
    }
}
