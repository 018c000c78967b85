using Coxswain.Api.Resource.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Resource;

/// <summary>The rules of resource claims, whose wishes never change.</summary>
internal sealed class ResourceClaimStrategy : Strategy<ResourceClaim>
{
    protected override ResourceClaim WithStatusOf(ResourceClaim o, ResourceClaim source) => o with { Status = source.Status };

    protected override void ValidateUpdate(StrategyContext c, ResourceClaim updated, ResourceClaim old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.Unchanged(updated.Spec, old.Spec, Paths.Spec, errors);
    }
}
