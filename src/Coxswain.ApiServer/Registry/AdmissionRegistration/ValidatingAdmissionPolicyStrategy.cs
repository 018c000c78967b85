using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Admission.Policies;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Registry.AdmissionRegistration;

/// <summary>The rules of validating admission policies.</summary>
internal sealed class ValidatingAdmissionPolicyStrategy : Strategy<ValidatingAdmissionPolicy>
{
    private const int MaxAuditAnnotations = 20;
    private const int MaxValueExpressionBytes = 5 * 1024;
    private const string Nothing = "validations or auditAnnotations must contain at least one item";

    private static readonly string[] Reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

    public override bool HasGeneration => true;

    protected override bool StatusWritesMetadata => false;

    protected override ValidatingAdmissionPolicy WithStatusOf(ValidatingAdmissionPolicy o, ValidatingAdmissionPolicy source) =>
        o with { Status = source.Status };

    protected override ValidatingAdmissionPolicy Default(ValidatingAdmissionPolicy o) => o with
    {
        Spec = o.Spec with { FailurePolicy = o.Spec.FailurePolicy ?? "Fail", MatchConstraints = PolicyRules.Defaulted(o.Spec.MatchConstraints) },
    };

    protected override void ValidateObject(StrategyContext c, ValidatingAdmissionPolicy o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        PolicyRules.FailurePolicy(spec.FailurePolicy, path.Child("failurePolicy"), errors);
        PolicyRules.ParamKind(spec.ParamKind, path.Child("paramKind"), errors);
        PolicyRules.MatchConstraints(spec.MatchConstraints, mutating: false, path.Child("matchConstraints"), errors);
        var expressions = PolicyRules.Expressions(spec.ParamKind, spec.Variables, spec.MatchConditions, path, errors);
        if (spec.Validations.Count == 0 && spec.AuditAnnotations.Count == 0)
        {
            errors.Required(path.Child("validations"), Nothing);
            errors.Required(path.Child("auditAnnotations"), Nothing);
            return;
        }

        for (var i = 0; i < spec.Validations.Count; i++)
            Validation(spec.Validations[i], expressions, path.Child("validations").Index(i), errors);
        AuditAnnotations(o, expressions, path.Child("auditAnnotations"), errors);
    }

    protected override void ValidateUpdate(
        StrategyContext c, ValidatingAdmissionPolicy updated, ValidatingAdmissionPolicy old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    protected override void ValidateStatus(
        StrategyContext c, ValidatingAdmissionPolicy updated, ValidatingAdmissionPolicy old, FieldErrors errors)
    {
        var path = Paths.Status.Child("typeChecking").Child("expressionWarnings");
        var warnings = updated.Status.TypeChecking?.ExpressionWarnings ?? default;
        for (var i = 0; i < warnings.Count; i++)
        {
            if (warnings[i].Warning.Length == 0)
                errors.Required(path.Index(i).Child("warning"));
            if (warnings[i].FieldRef.Length == 0)
                errors.Required(path.Index(i).Child("fieldRef"));
        }

        ConditionRules.Validate(updated.Status.Conditions, Paths.Status.Child("conditions"), errors);
    }

    private static void Validation(Validation validation, PolicyExpressions expressions, FieldPath path, FieldErrors errors)
    {
        var (expression, message) = (validation.Expression.Trim(), validation.Message.Trim());
        if (PolicyRules.Expression(expression, path.Child("expression"), errors))
            PolicyRules.Compiles(CompiledExpression.Compile(expressions.Environment, expression, CelType.Bool), path.Child("expression"), errors);
        if (validation.MessageExpression.Length > 0 && string.IsNullOrWhiteSpace(validation.MessageExpression))
            errors.Invalid(path.Child("messageExpression"), validation.MessageExpression, "must be non-empty if specified");
        else if (validation.MessageExpression.Length > 0)
            PolicyRules.Compiles(
                CompiledExpression.Compile(expressions.Messages, validation.MessageExpression, CelType.String), path.Child("messageExpression"), errors);
        if (validation.Message.Length > 0 && message.Length == 0)
            errors.Invalid(path.Child("message"), validation.Message, "message must be non-empty if specified");
        else if (HasLineBreak(message))
            errors.Invalid(path.Child("message"), validation.Message, "message must not contain line breaks");
        else if (HasLineBreak(expression) && message.Length == 0)
            errors.Required(path.Child("message"), "message must be specified if expression contains line breaks");
        CommonRules.OptionalOneOf(validation.Reason, path.Child("reason"), errors, Reasons);
    }

    private static bool HasLineBreak(string text) => text.AsSpan().ContainsAny('\n', '\r');

    private static void AuditAnnotations(ValidatingAdmissionPolicy o, PolicyExpressions expressions, FieldPath path, FieldErrors errors)
    {
        var annotations = o.Spec.AuditAnnotations;
        if (annotations.Count > MaxAuditAnnotations)
            errors.Invalid(path, annotations, $"must not have more than {MaxAuditAnnotations} auditAnnotations");
        for (var i = 0; i < annotations.Count; i++)
        {
            var (annotation, at) = (annotations[i], path.Index(i));
            if (o.Metadata.Name.Length == 0)
                errors.Invalid(at.Child("key"), annotation.Key, "requires metadata.name be non-empty");
            else if ($"{o.Metadata.Name}/{annotation.Key}" is var full)
                errors.Invalid(at.Child("key"), full, ValidationRules.QualifiedName(full));
            var expression = annotation.ValueExpression.Trim();
            if (expression.Length == 0)
                errors.Required(at.Child("valueExpression"), "valueExpression is not specified");
            else if (expression.Length > MaxValueExpressionBytes)
                errors.Required(at.Child("valueExpression"), $"must not exceed {MaxValueExpressionBytes} bytes in length");
            else
                PolicyRules.Compiles(
                    CompiledExpression.Compile(expressions.Environment, expression, CelType.String, CelType.Null), at.Child("valueExpression"), errors);
            for (var j = 0; j < i; j++)
                if (annotations[j].Key == annotation.Key)
                {
                    errors.Duplicate(at.Child("key"), annotation.Key);
                    break;
                }
        }
    }
}
