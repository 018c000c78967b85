using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.FlowControl;

/// <summary>The rules of flow schemas.</summary>
internal sealed class FlowSchemaStrategy : Strategy<FlowSchema>
{
    private const int LastPrecedence = 10000;

    public override bool HasGeneration => true;

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
            errors.NotSupported(path.Child("distinguisherMethod").Child("type"), method.Type, "ByNamespace", "ByUser");
        if (spec.PriorityLevelConfiguration.Name.Length == 0)
            errors.Required(path.Child("priorityLevelConfiguration").Child("name"), "must reference a priority level");
        else
            errors.Invalid(path.Child("priorityLevelConfiguration").Child("name"), spec.PriorityLevelConfiguration.Name,
                ValidationRules.Dns1123Subdomain(spec.PriorityLevelConfiguration.Name));
        for (var i = 0; i < spec.Rules.Count; i++)
        {
            var (rule, at) = (spec.Rules[i], path.Child("rules").Index(i));
            if (rule.Subjects.Count == 0)
                errors.Required(at.Child("subjects"), "subjects must contain at least one value");
            for (var j = 0; j < rule.Subjects.Count; j++)
                if (rule.Subjects[j].Kind is not ("Group" or "ServiceAccount" or "User"))
                    errors.NotSupported(at.Child("subjects").Index(j).Child("kind"), rule.Subjects[j].Kind, "Group", "ServiceAccount", "User");
            if (rule.ResourceRules.Count == 0 && rule.NonResourceRules.Count == 0)
                errors.Required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }
    }
}
