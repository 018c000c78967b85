using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission.Policies;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of mutating admission policies.</summary>
internal sealed class MutatingAdmissionPolicyStrategy : Strategy<MutatingAdmissionPolicy>
{
    public override bool HasGeneration => true;

    protected override MutatingAdmissionPolicy Default(MutatingAdmissionPolicy o) => o with
    {
        Spec = o.Spec with { FailurePolicy = o.Spec.FailurePolicy ?? "Fail", MatchConstraints = PolicyRules.Defaulted(o.Spec.MatchConstraints) },
    };

    protected override void ValidateObject(StrategyContext c, MutatingAdmissionPolicy o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        PolicyRules.FailurePolicy(spec.FailurePolicy, path.Child("failurePolicy"), errors);
        PolicyRules.ParamKind(spec.ParamKind, path.Child("paramKind"), errors);
        PolicyRules.MatchConstraints(spec.MatchConstraints, mutating: true, path.Child("matchConstraints"), errors);
        var expressions = PolicyRules.Expressions(spec.ParamKind, spec.Variables, spec.MatchConditions, path, errors);
        if (spec.Mutations.Count == 0)
            errors.Required(path.Child("mutations"), "mutations must contain at least one item");
        for (var i = 0; i < spec.Mutations.Count; i++)
            Mutation(spec.Mutations[i], expressions, path.Child("mutations").Index(i), errors);
        CommonRules.OneOf(spec.ReinvocationPolicy, path.Child("reinvocationPolicy"), errors, "Never", "IfNeeded");
    }

    protected override void ValidateUpdate(StrategyContext c, MutatingAdmissionPolicy updated, MutatingAdmissionPolicy old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    private static void Mutation(Mutation mutation, PolicyExpressions expressions, FieldPath path, FieldErrors errors)
    {
        switch (mutation.PatchType)
        {
            case "JSONPatch":
                Only("jsonPatch", mutation.JsonPatch?.Expression, "applyConfiguration", mutation.ApplyConfiguration is not null);
                break;
            case "ApplyConfiguration":
                Only("applyConfiguration", mutation.ApplyConfiguration?.Expression, "jsonPatch", mutation.JsonPatch is not null);
                break;
            default:
                CommonRules.OneOf(mutation.PatchType, path.Child("patchType"), errors, "ApplyConfiguration", "JSONPatch");
                break;
        }

        void Only(string field, string? expression, string otherField, bool other)
        {
            if (other)
                errors.Invalid(path.Child(otherField), $"{{{otherField}}}", $"must not be specified when patchType is {mutation.PatchType}");
            if (expression is null)
                errors.Required(path.Child(field), $"must be specified when patchType is {mutation.PatchType}");
            else if (PolicyRules.Expression(expression, path.Child(field).Child("expression"), errors))
                PolicyRules.Compiles(CompiledMutation.Compile(mutation, expressions).Expression, path.Child(field).Child("expression"), errors);
        }
    }
}
