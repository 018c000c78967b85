using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Rbac;

/// <summary>The rules of cluster roles.</summary>
internal sealed class ClusterRoleStrategy : Strategy<ClusterRole>
{
    public override bool AllowCreateOnUpdate => true;

    protected override NameRule NameRule => NameRules.PathSegment;

    protected override void ValidateObject(StrategyContext c, ClusterRole o, FieldErrors errors)
    {
        RbacRules.Rules(o.Rules, namespaced: false, errors);
        if (o.AggregationRule is not { } aggregation)
            return;
        var path = new FieldPath("aggregationRule").Child("clusterRoleSelectors");
        if (aggregation.ClusterRoleSelectors.Count == 0)
            errors.Required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        for (var i = 0; i < aggregation.ClusterRoleSelectors.Count; i++)
            LabelValidation.Selector(aggregation.ClusterRoleSelectors[i], path.Index(i), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, ClusterRole updated, ClusterRole old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
    }
}
