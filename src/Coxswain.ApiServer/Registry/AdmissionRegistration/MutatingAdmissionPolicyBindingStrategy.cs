using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of bindings of mutating admission policies.</summary>
internal sealed class MutatingAdmissionPolicyBindingStrategy : Strategy<MutatingAdmissionPolicyBinding>
{
    public override bool HasGeneration => true;

    protected override MutatingAdmissionPolicyBinding Default(MutatingAdmissionPolicyBinding o) =>
        o with { Spec = o.Spec with { MatchResources = PolicyRules.Defaulted(o.Spec.MatchResources) } };

    protected override void ValidateObject(StrategyContext c, MutatingAdmissionPolicyBinding o, FieldErrors errors)
    {
        PolicyRules.Binding(o.Spec.PolicyName, o.Spec.ParamRef, o.Spec.MatchResources, errors);
        if (o.Spec.MatchResources is { } match)
            PolicyRules.OnlyMutable(match.ResourceRules, Paths.Spec.Child("matchResources").Child("resourceRules").Child("operations"), errors);
    }

    protected override void ValidateUpdate(
        StrategyContext c, MutatingAdmissionPolicyBinding updated, MutatingAdmissionPolicyBinding old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }
}
