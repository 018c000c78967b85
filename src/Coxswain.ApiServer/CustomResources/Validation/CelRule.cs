using Coxswain.Api.ApiExtensions.V1;
using Coxswain.ApiServer.Expressions;
using Coxswain.Cel;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>One rule of <c>x-kubernetes-validations</c>, compiled.</summary>
internal sealed class CelRule
{
    private const string Self = "self";
    private const string OldSelf = "oldSelf";

    public CelRule(ValidationRule source, CelType type)
    {
        Source = source;
        var environment = KubernetesLibrary.Environment.With([KeyValuePair.Create(Self, type)]);
        Rule = CompiledExpression.Compile(environment, source.Rule, CelType.Bool);
        if (Rule.Error is not null)
        {
            // Whoever compares with what was before says so by naming it.
            var before = source.OptionalOldSelf == true ? CelType.Optional(type) : type;
            var transition = environment.With([KeyValuePair.Create(OldSelf, before)]);
            var compared = CompiledExpression.Compile(transition, source.Rule, CelType.Bool);
            if (compared.Error is null || source.Rule.Contains(OldSelf, StringComparison.Ordinal))
                (Rule, UsesOldSelf, environment) = (compared, compared.Error is null, transition);
        }

        if (source.MessageExpression.Trim().Length > 0)
        {
            var message = CompiledExpression.Compile(environment, source.MessageExpression, CelType.String);
            Message = message.Error is null ? message
                : CompiledExpression.Compile(environment.With([KeyValuePair.Create(OldSelf, type)]), source.MessageExpression, CelType.String);
        }
    }

    public ValidationRule Source { get; }

    public CompiledExpression Rule { get; }

    public CompiledExpression? Message { get; }

    /// <summary>The rule judges a change rather than a value.</summary>
    public bool UsesOldSelf { get; }

    /// <summary>What a refusal says if the rule's author gave no better words.</summary>
    public string Words => Source.Message.Trim() is { Length: > 0 } message ? message : "failed rule: " + Source.Rule.Trim();
}
