using Coxswain.Api.Scheduling.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Scheduling;

/// <summary>The rules of priority classes.</summary>
internal sealed class PriorityClassStrategy : Strategy<PriorityClass>
{
    private const int HighestUserPriority = 1_000_000_000;
    private static readonly string[] PreemptionPolicies = ["PreemptLowerPriority", "Never"];

    public override bool HasGeneration => true;

    public override string? ForbidsDeletion(string name) =>
        name is "system-node-critical" or "system-cluster-critical" ? "this is a system priority class and cannot be deleted" : null;

    protected override PriorityClass Default(PriorityClass o) => o with { PreemptionPolicy = o.PreemptionPolicy ?? "PreemptLowerPriority" };

    // The generation stays at one.
    protected override PriorityClass PrepareForUpdate(StrategyContext c, PriorityClass updated, PriorityClass old) => updated;

    protected override void ValidateObject(StrategyContext c, PriorityClass o, FieldErrors errors)
    {
        if (o.Metadata.Name.StartsWith("system-", StringComparison.Ordinal))
        {
            var problem = (o.Metadata.Name, o.Value, o.GlobalDefault) switch
            {
                ("system-node-critical", 2_000_001_000, false) or ("system-cluster-critical", 2_000_000_000, false) => null,
                ("system-node-critical", var value, false) when value != 2_000_001_000 => "value of system-node-critical PriorityClass must be 2000001000",
                ("system-cluster-critical", var value, false) when value != 2_000_000_000 => "value of system-cluster-critical PriorityClass must be 2000000000",
                ("system-node-critical" or "system-cluster-critical", _, _) => $"globalDefault of {o.Metadata.Name} PriorityClass must be false",
                _ => $"{o.Metadata.Name} is not a known system priority class",
            };
            if (problem is not null)
                errors.Forbidden(Paths.Metadata.Child("name"),
                    $"priority class names with 'system-' prefix are reserved for system use only. error: {problem}");
        }
        else if (o.Value > HighestUserPriority)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestUserPriority}");
        }

        CommonRules.OptionalOneOf(o.PreemptionPolicy, "preemptionPolicy", errors, PreemptionPolicies);
    }

    protected override void ValidateUpdate(StrategyContext c, PriorityClass updated, PriorityClass old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        if (updated.Value != old.Value)
            errors.Forbidden("Value", "may not be changed in an update.");
        CommonRules.Unchanged(updated.PreemptionPolicy, old.PreemptionPolicy, "preemptionPolicy", errors);
    }
}
