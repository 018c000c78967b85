using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The rules of device classes.</summary>
internal sealed class DeviceClassStrategy : Strategy<DeviceClass>
{
    public override bool HasGeneration => true;

    protected override void ValidateObject(StrategyContext c, DeviceClass o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        DeviceRules.Selectors(spec.Selectors, path.Child("selectors"), errors);
        ListRules.Each(spec.Config, DeviceRules.MaxConfigs, path.Child("config"), errors,
            (config, at) => DeviceRules.Configuration(config.Opaque, at, errors));
        if (spec.ExtendedResourceName is { } name && !ResourceNames.IsExtended(name))
            errors.Invalid(path.Child("extendedResourceName"), name, "must be a valid extended resource name");
    }

    protected override void ValidateUpdate(StrategyContext c, DeviceClass updated, DeviceClass old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        ValidateObject(c, updated, errors);
    }
}
