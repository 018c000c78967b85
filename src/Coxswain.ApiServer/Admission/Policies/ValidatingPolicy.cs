using System.Runtime.CompilerServices;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>A validating policy with its expressions compiled. Immutable.</summary>
internal sealed class ValidatingPolicy
{
    // Compiled once for each version of a policy, for as long as the cache has it.
    private static readonly ConditionalWeakTable<ValidatingAdmissionPolicy, ValidatingPolicy> Known = [];

    private ValidatingPolicy(ValidatingAdmissionPolicy source)
    {
        Source = source;
        Criteria = MatchCriteria.Of(source.Spec.MatchConstraints);
        Expressions = PolicyExpressions.Compile(source.Spec.ParamKind is not null, source.Spec.Variables, source.Spec.MatchConditions);
        Validations =
        [
            .. source.Spec.Validations.Select(validation => new CompiledValidation(
                validation,
                CompiledExpression.Compile(Expressions.Environment, validation.Expression, CelType.Bool),
                validation.MessageExpression.Length == 0 ? null : CompiledExpression.Compile(Expressions.Messages, validation.MessageExpression, CelType.String))),
        ];
        AuditAnnotations =
        [
            .. source.Spec.AuditAnnotations.Select(annotation =>
                (annotation.Key, CompiledExpression.Compile(Expressions.Environment, annotation.ValueExpression, CelType.String, CelType.Null))),
        ];
    }

    public ValidatingAdmissionPolicy Source { get; }

    public string Name => Source.Metadata.Name;

    public bool IgnoresFailure => Source.Spec.FailurePolicy == "Ignore";

    public MatchCriteria Criteria { get; }

    public PolicyExpressions Expressions { get; }

    public IReadOnlyList<CompiledValidation> Validations { get; }

    public IReadOnlyList<(string Key, CompiledExpression Value)> AuditAnnotations { get; }

    public static ValidatingPolicy Of(ValidatingAdmissionPolicy policy) => Known.GetValue(policy, static source => new(source));
}

internal sealed record CompiledValidation(Validation Source, CompiledExpression Expression, CompiledExpression? Message);
