using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Rbac;

/// <summary>The rules of roles.</summary>
internal sealed class RoleStrategy : Strategy<Role>
{
    public override bool AllowCreateOnUpdate => true;

    protected override NameRule NameRule => NameRules.PathSegment;

    protected override void ValidateObject(StrategyContext c, Role o, FieldErrors errors) => RbacRules.Rules(o.Rules, namespaced: true, errors);

    protected override void ValidateUpdate(StrategyContext c, Role updated, Role old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
    }
}
