using Coxswain.Api.Policy.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Apps;

namespace Coxswain.ApiServer.Registry.Policy;

/// <summary>The rules of disruption budgets.</summary>
internal sealed class PodDisruptionBudgetStrategy : Strategy<PodDisruptionBudget>
{
    public override bool AllowUnconditionalUpdate => false;

    public override bool HasGeneration => true;

    protected override PodDisruptionBudget WithStatusOf(PodDisruptionBudget o, PodDisruptionBudget source) => o with { Status = source.Status };

    protected override void ValidateObject(StrategyContext c, PodDisruptionBudget o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.MinAvailable is not null && spec.MaxUnavailable is not null)
            errors.Invalid(path, spec, "minAvailable and maxUnavailable cannot be both set");
        if (spec.MinAvailable is { } min)
        {
            WorkloadRules.PositiveIntOrPercent(min, path.Child("minAvailable"), errors);
            WorkloadRules.NotMoreThanAll(min, path.Child("minAvailable"), errors);
        }

        if (spec.MaxUnavailable is { } max)
        {
            WorkloadRules.PositiveIntOrPercent(max, path.Child("maxUnavailable"), errors);
            WorkloadRules.NotMoreThanAll(max, path.Child("maxUnavailable"), errors);
        }

        LabelValidation.Selector(spec.Selector, path.Child("selector"), errors);
        CommonRules.OptionalOneOf(spec.UnhealthyPodEvictionPolicy, path.Child("unhealthyPodEvictionPolicy"), errors, "AlwaysAllow", "IfHealthyBudget");
    }

    protected override void ValidateStatus(StrategyContext c, PodDisruptionBudget updated, PodDisruptionBudget old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        var (s, path) = (updated.Status, Paths.Status);
        ConditionRules.Validate(s.Conditions, path.Child("conditions"), errors);
        CommonRules.NonNegative(s.DisruptionsAllowed, path.Child("disruptionsAllowed"), errors);
        CommonRules.NonNegative(s.CurrentHealthy, path.Child("currentHealthy"), errors);
        CommonRules.NonNegative(s.DesiredHealthy, path.Child("desiredHealthy"), errors);
        CommonRules.NonNegative(s.ExpectedPods, path.Child("expectedPods"), errors);
    }
}
