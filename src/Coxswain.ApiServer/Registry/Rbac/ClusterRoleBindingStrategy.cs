using Coxswain.Api.Rbac.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Rbac;

/// <summary>The rules of cluster role bindings.</summary>
internal sealed class ClusterRoleBindingStrategy : Strategy<ClusterRoleBinding>
{
    public override bool AllowCreateOnUpdate => true;

    protected override NameRule NameRule => NameRules.PathSegment;

    protected override ClusterRoleBinding Default(ClusterRoleBinding o) =>
        o with { RoleRef = RbacRules.Defaulted(o.RoleRef), Subjects = RbacRules.Defaulted(o.Subjects) };

    protected override void ValidateObject(StrategyContext c, ClusterRoleBinding o, FieldErrors errors) =>
        RbacRules.Binding(o.RoleRef, o.Subjects, namespaced: false, errors);

    protected override void ValidateUpdate(StrategyContext c, ClusterRoleBinding updated, ClusterRoleBinding old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.RoleRef != old.RoleRef)
            errors.Invalid("roleRef", updated.RoleRef, "cannot change roleRef");
    }
}
