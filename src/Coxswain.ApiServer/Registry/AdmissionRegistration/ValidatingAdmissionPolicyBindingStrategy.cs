using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of bindings of validating admission policies.</summary>
internal sealed class ValidatingAdmissionPolicyBindingStrategy : Strategy<ValidatingAdmissionPolicyBinding>
{
    public override bool HasGeneration => true;

    protected override ValidatingAdmissionPolicyBinding Default(ValidatingAdmissionPolicyBinding o) =>
        o with { Spec = o.Spec with { MatchResources = PolicyRules.Defaulted(o.Spec.MatchResources) } };

    protected override void ValidateObject(StrategyContext c, ValidatingAdmissionPolicyBinding o, FieldErrors errors)
    {
        PolicyRules.Binding(o.Spec.PolicyName, o.Spec.ParamRef, o.Spec.MatchResources, errors);
        Actions(o.Spec.ValidationActions, Paths.Spec.Child("validationActions"), errors);
    }

    protected override void ValidateUpdate(
        StrategyContext c, ValidatingAdmissionPolicyBinding updated, ValidatingAdmissionPolicyBinding old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    private static void Actions(ApiList<string> actions, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < actions.Count; i++)
        {
            CommonRules.OptionalOneOf(actions[i], path.Index(i), errors, "Audit", "Deny", "Warn");
            if (actions.AsSpan()[..i].Contains(actions[i]))
                errors.Duplicate(path.Index(i), actions[i]);
        }

        if (actions.AsSpan().Contains("Deny") && actions.AsSpan().Contains("Warn"))
            errors.Invalid(path, actions, "must not contain both Deny and Warn (repeating the same validation failure information "
                + "in the API response and headers serves no purpose)");
        if (actions.Count == 0)
            errors.Required(path, "at least one validation action is required");
    }
}
