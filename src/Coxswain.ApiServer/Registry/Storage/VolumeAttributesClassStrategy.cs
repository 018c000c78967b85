using Coxswain.Api.Storage.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Storage;

/// <summary>The rules of volume attributes classes.</summary>
internal sealed class VolumeAttributesClassStrategy : Strategy<VolumeAttributesClass>
{
    protected override void ValidateObject(StrategyContext c, VolumeAttributesClass o, FieldErrors errors)
    {
        StorageClassStrategy.Provisioner(o.DriverName, "driverName", errors);
        StorageClassStrategy.Parameters(o.Parameters, allowEmpty: false, "parameters", errors);
    }

    protected override void ValidateUpdate(StrategyContext c, VolumeAttributesClass updated, VolumeAttributesClass old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.DriverName != old.DriverName)
            errors.Forbidden("driverName", "updates to driverName are forbidden.");
        if (updated.Parameters != old.Parameters)
            errors.Forbidden("parameters", "updates to parameters are forbidden.");
    }
}
