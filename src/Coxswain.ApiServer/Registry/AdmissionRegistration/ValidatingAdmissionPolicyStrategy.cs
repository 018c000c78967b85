using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of validating admission policies. Whether their expressions compile is not judged here.</summary>
internal sealed class ValidatingAdmissionPolicyStrategy : Strategy<ValidatingAdmissionPolicy>
{
    public override bool HasGeneration => true;

    protected override ValidatingAdmissionPolicy WithStatusOf(ValidatingAdmissionPolicy o, ValidatingAdmissionPolicy source) =>
        o with { Status = source.Status };

    protected override ValidatingAdmissionPolicy Default(ValidatingAdmissionPolicy o)
    {
        var spec = o.Spec with { FailurePolicy = o.Spec.FailurePolicy ?? "Fail" };
        if (spec.MatchConstraints is { } match)
            spec = spec with
            {
                MatchConstraints = match with
                {
                    MatchPolicy = match.MatchPolicy ?? "Equivalent",
                    NamespaceSelector = match.NamespaceSelector ?? LabelSelector.Empty,
                    ObjectSelector = match.ObjectSelector ?? LabelSelector.Empty,
                },
            };
        return o with { Spec = spec };
    }

    protected override void ValidateObject(StrategyContext c, ValidatingAdmissionPolicy o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        CommonRules.OptionalOneOf(spec.FailurePolicy, path.Child("failurePolicy"), errors, "Fail", "Ignore");
        if (spec.ParamKind is { } kind)
        {
            if (kind.ApiVersion.Length == 0)
                errors.Required(path.Child("paramKind").Child("apiVersion"));
            if (kind.Kind.Length == 0)
                errors.Required(path.Child("paramKind").Child("kind"));
        }

        if (spec.MatchConstraints is not { } match)
        {
            errors.Required(path.Child("matchConstraints"));
        }
        else
        {
            if (match.ResourceRules.Count == 0)
                errors.Required(path.Child("matchConstraints").Child("resourceRules"));
            for (var i = 0; i < match.ResourceRules.Count; i++)
                WebhookRules.Rule(match.ResourceRules[i].Operations, match.ResourceRules[i].ApiGroups, match.ResourceRules[i].ApiVersions,
                    match.ResourceRules[i].Resources, match.ResourceRules[i].Scope,
                    path.Child("matchConstraints").Child("resourceRules").Index(i), errors);
        }

        WebhookRules.MatchConditions(spec.MatchConditions, path.Child("matchConditions"), errors);
        if (spec.Validations.Count == 0 && spec.AuditAnnotations.Count == 0)
        {
            errors.Required(path.Child("validations"), "validations or auditAnnotations must be specified");
            errors.Required(path.Child("auditAnnotations"), "validations or auditAnnotations must be specified");
        }

        for (var i = 0; i < spec.Validations.Count; i++)
            if (spec.Validations[i].Expression.Trim().Length == 0)
                errors.Required(path.Child("validations").Index(i).Child("expression"), "expression is not specified");
    }
}
