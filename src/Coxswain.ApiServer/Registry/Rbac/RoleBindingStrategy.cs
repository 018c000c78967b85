using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Rbac;

/// <summary>The rules of role bindings.</summary>
internal sealed class RoleBindingStrategy : Strategy<RoleBinding>
{
    public override bool AllowCreateOnUpdate => true;

    protected override NameRule NameRule => NameRules.PathSegment;

    protected override RoleBinding Default(RoleBinding o) =>
        o with { RoleRef = RbacRules.Defaulted(o.RoleRef), Subjects = RbacRules.Defaulted(o.Subjects) };

    protected override void ValidateObject(StrategyContext c, RoleBinding o, FieldErrors errors) =>
        RbacRules.Binding(o.RoleRef, o.Subjects, namespaced: true, errors);

    protected override void ValidateUpdate(StrategyContext c, RoleBinding updated, RoleBinding old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.RoleRef != old.RoleRef)
            errors.Invalid("roleRef", updated.RoleRef, "cannot change roleRef");
    }
}
