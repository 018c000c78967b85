using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The rules of templates of resource claims, which never change.</summary>
internal sealed class ResourceClaimTemplateStrategy(IClusterView cluster) : Strategy<ResourceClaimTemplate>
{
    protected override ResourceClaimTemplate Default(ResourceClaimTemplate o) =>
        o with { Spec = o.Spec with { Spec = DeviceClaimDefaults.Apply(o.Spec.Spec) } };

    protected override void Validate(StrategyContext c, ResourceClaimTemplate o, FieldErrors errors)
    {
        AdminAccess.Check(o.Spec.Spec.Devices, o.Metadata.Namespace, cluster, errors);
        base.Validate(c, o, errors);
    }

    protected override void ValidateObject(StrategyContext c, ResourceClaimTemplate o, FieldErrors errors)
    {
        TemplateMetaValidation.Validate(o.Spec.Metadata, Paths.Spec.Child("metadata"), errors);
        DeviceClaimValidation.Validate(o.Spec.Spec.Devices, Paths.Spec.Child("spec").Child("devices"), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ResourceClaimTemplate updated, ResourceClaimTemplate old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Spec, old.Spec, Paths.Spec, errors);
    }
}
