using Coxswain.Api;
using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>The rules of flow schemas.</summary>
internal sealed class FlowSchemaStrategy : Strategy<FlowSchema>
{
    private const int LastPrecedence = 10000;

    public override bool HasGeneration => true;

    protected override bool StatusWritesMetadata => false;

    protected override FlowSchema WithStatusOf(FlowSchema o, FlowSchema source) => o with { Status = source.Status };

    protected override FlowSchema Default(FlowSchema o) =>
        o.Spec.MatchingPrecedence != 0 ? o : o with { Spec = o.Spec with { MatchingPrecedence = 1000 } };

    protected override void ValidateObject(StrategyContext c, FlowSchema o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.MatchingPrecedence <= 0)
            errors.Invalid(path.Child("matchingPrecedence"), spec.MatchingPrecedence, "must be a positive value");
        if (spec.MatchingPrecedence > LastPrecedence)
            errors.Invalid(path.Child("matchingPrecedence"), spec.MatchingPrecedence, $"must not be greater than {LastPrecedence}");
        if (spec.MatchingPrecedence == 1 && o.Metadata.Name != "exempt")
            errors.Invalid(path.Child("matchingPrecedence"), spec.MatchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        if (spec.DistinguisherMethod is { } method && method.Type is not ("ByNamespace" or "ByUser"))
            errors.NotSupported(path.Child("distinguisherMethod").Child("type"), method, "ByNamespace", "ByUser");
        if (spec.PriorityLevelConfiguration.Name.Length == 0)
            errors.Required(path.Child("priorityLevelConfiguration").Child("name"), "must reference a priority level");
        else
            errors.Invalid(path.Child("priorityLevelConfiguration").Child("name"), spec.PriorityLevelConfiguration.Name,
                ValidationRules.Dns1123Subdomain(spec.PriorityLevelConfiguration.Name));
        for (var i = 0; i < spec.Rules.Count; i++)
            FlowRules.Validate(spec.Rules[i], path.Child("rules").Index(i), errors);
        if (MandatoryFlowControl.Schema(o.Metadata.Name) is { } wanted && wanted != spec)
            errors.Invalid(path, spec, $"spec of '{o.Metadata.Name}' must equal the fixed value");
        Conditions(o, errors);
    }

    protected override void ValidateUpdate(StrategyContext c, FlowSchema updated, FlowSchema old, FieldErrors errors)
    {
        ValidateMetadata(updated, errors);
        ValidateObject(c, updated, errors);
    }

    protected override void ValidateStatus(StrategyContext c, FlowSchema updated, FlowSchema old, FieldErrors errors) => Conditions(updated, errors);

    private static void Conditions(FlowSchema o, FieldErrors errors) =>
        FlowRules.Conditions(o.Status.Conditions.Select(condition => condition.Type).ToApiList(), errors);
}
