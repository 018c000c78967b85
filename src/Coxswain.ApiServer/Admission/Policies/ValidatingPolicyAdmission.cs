using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.AdmissionRegistration.V1;
using Coxswain.Cel;

namespace Coxswain.ApiServer.Admission.Policies;

/// <summary>Judges requests by the ValidatingAdmissionPolicies that are bound to them.</summary>
internal sealed class ValidatingPolicyAdmission(PolicyParts parts) : IAdmissionPlugin
{
    private const string FailureAnnotation = "validation.policy.admission.k8s.io/validation_failure";
    private const int MaxMessageLength = 5 * 1024;

    public string Name => "ValidatingAdmissionPolicy";

    public bool Handles(AdmissionContext context) => !RequestMatcher.IsExempt(context);

    public async ValueTask ValidateAsync(AdmissionContext context, IKubernetesObject? o, CancellationToken cancellation)
    {
        Refusal? refusal = null;
        var failures = new JsonArray();
        foreach (var source in parts.Cluster.List<ValidatingAdmissionPolicy>(""))
        {
            var policy = ValidatingPolicy.Of(source);
            if (await parts.Matcher.MatchAsync(policy.Criteria, context, o, cancellation) is not { } form)
                continue;
            RequestVariables? request = null;
            foreach (var binding in parts.Cluster.List<ValidatingAdmissionPolicyBinding>(""))
            {
                if (binding.Spec.PolicyName != policy.Name)
                    continue;
                if (binding.Spec.MatchResources is { } match && await parts.Matcher.MatchAsync(parts.CriteriaOf(binding, match), context, o, cancellation) is null)
                    continue;
                request ??= await parts.VariablesAsync(context, form, o, cancellation);
                foreach (var failed in Judge(policy, binding, request, context))
                    Enforce(policy, binding, failed, context, failures, ref refusal);
            }
        }

        if (failures.Count > 0)
            context.AuditAnnotations[FailureAnnotation] = failures.ToJsonString();
        if (refusal is not null)
            throw refusal.AsException(context, o);
    }

    private IEnumerable<Failure> Judge(ValidatingPolicy policy, ValidatingAdmissionPolicyBinding binding, RequestVariables request, AdmissionContext context)
    {
        IReadOnlyList<CelValue> parameters;
        string? misconfigured = null;
        try
        {
            parameters = parts.Parameters.Find(policy.Source.Spec.ParamKind, binding.Spec.ParamRef, context);
        }
        catch (PolicyConfigurationException e)
        {
            (parameters, misconfigured) = ([], e.Message);
        }
        // What is wrong with the configuration is denied whatever the binding wants done with failures.
        if (misconfigured is not null && !policy.IgnoresFailure)
            yield return new Failure($"failed to configure binding: {misconfigured}", "", "", -1, Configuration: true);
        foreach (var parameter in parameters)
        {
            var evaluation = new PolicyEvaluation(policy.Expressions, request, parameter);
            if (!evaluation.ConditionsHold(out var error))
            {
                if (error is not null && !policy.IgnoresFailure)
                    yield return new Failure(error, "", "", -1);
                continue;
            }
            for (var i = 0; i < policy.Validations.Count; i++)
                if (Judge(policy, evaluation, i) is { } failure)
                    yield return failure;
            foreach (var failure in Annotate(policy, binding, evaluation, context))
                yield return failure;
        }
    }

    private static Failure? Judge(ValidatingPolicy policy, PolicyEvaluation evaluation, int index)
    {
        var (source, expression, messageExpression) = policy.Validations[index];
        var value = evaluation.Evaluate(expression);
        if (value.IsTrue)
            return null;
        if (value.Kind != CelKind.Bool)
            return policy.IgnoresFailure ? null : new Failure(PolicyEvaluation.Failure(expression, value), source.Reason ?? "", expression.Text, index);
        return new Failure(MessageOf(source, evaluation, messageExpression), source.Reason ?? "", expression.Text, index);
    }

    private static string MessageOf(Validation source, PolicyEvaluation evaluation, Expressions.CompiledExpression? expression)
    {
        var fallback = source.Message.Length > 0 ? source.Message.Trim() : $"failed expression: {source.Expression.Trim()}";
        if (expression is null)
            return fallback;
        var value = evaluation.Evaluate(expression);
        if (value.Kind != CelKind.String)
            return fallback;
        var text = value.AsString.Trim();
        return text.Length is 0 or > MaxMessageLength || text.Contains('\n', StringComparison.Ordinal) ? fallback : text;
    }

    private static IEnumerable<Failure> Annotate(
        ValidatingPolicy policy, ValidatingAdmissionPolicyBinding binding, PolicyEvaluation evaluation, AdmissionContext context)
    {
        foreach (var (key, expression) in policy.AuditAnnotations)
        {
            var value = evaluation.Evaluate(expression);
            if (value.Kind == CelKind.String && value.AsString.Trim() is { Length: > 0 } text)
            {
                var name = $"{policy.Name}/{key}";
                // Several parameters add to one another's notes.
                context.AuditAnnotations[name] = context.AuditAnnotations.TryGetValue(name, out var before) && !before.Split(", ").Contains(text) ? $"{before}, {text}" : text;
            }
            else if (value.IsError && !policy.IgnoresFailure)
                yield return new Failure(PolicyEvaluation.Failure(expression, value), "", expression.Text, -1);
        }
    }

    private static void Enforce(
        ValidatingPolicy policy, ValidatingAdmissionPolicyBinding binding, Failure failure, AdmissionContext context, JsonArray failures, ref Refusal? refusal)
    {
        if (failure.Configuration)
        {
            refusal ??= new(policy.Name, binding.Metadata.Name, failure);
            return;
        }
        foreach (var action in binding.Spec.ValidationActions)
        {
            switch (action)
            {
                case "Deny":
                    refusal ??= new(policy.Name, binding.Metadata.Name, failure);
                    break;
                case "Warn":
                    context.Warnings.Add($"Validation failed for ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Metadata.Name}': {failure.Message}");
                    break;
                case "Audit":
                    failures.Add((JsonNode)new JsonObject
                    {
                        ["message"] = failure.Message,
                        ["policy"] = policy.Name,
                        ["binding"] = binding.Metadata.Name,
                        ["expressionIndex"] = failure.Index,
                        ["validationActions"] = new JsonArray([.. binding.Spec.ValidationActions.Select(a => (JsonNode)a)]),
                    });
                    break;
            }
        }
    }

    private sealed record Failure(string Message, string Reason, string Expression, int Index, bool Configuration = false);

    private sealed record Refusal(string Policy, string Binding, Failure Failure)
    {
        public ApiException AsException(AdmissionContext context, IKubernetesObject? o)
        {
            var message = $"ValidatingAdmissionPolicy '{Policy}' with binding '{Binding}' denied request: {Failure.Message}";
            return PolicyParts.Denied(context, o, message, Failure.Message, Failure.Reason);
        }
    }
}
