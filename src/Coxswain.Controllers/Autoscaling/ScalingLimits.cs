using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <param name="Replicas">What may be done of what the metrics ask for.</param>
/// <param name="Able">Reason and message of AbleToScale.</param>
/// <param name="Limit">Reason and message of ScalingLimited; null: within the limits.</param>
internal readonly record struct LimitedScaling(int Replicas, (string Reason, string Message) Able, (string Reason, string Message)? Limit);

/// <summary>Keeps what the metrics ask for within the bounds: of size, of steadiness, of speed.</summary>
internal sealed class ScalingLimits(ScalingHistory history)
{
    private static readonly TimeSpan DefaultDownWindow = TimeSpan.FromMinutes(5);
    private static readonly (string, string) Ready = ("ReadyForNewScale", "recommended size matches current size");
    private static readonly (string, string) HeldUp =
        ("ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation");
    private static readonly (string, string) HeldDown =
        ("ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation");
    private static readonly (string, string) TooMany = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
    private static readonly (string, string) TooFew = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
    private static readonly (string, string) TooFast = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    private static readonly (string, string) TooFastDown = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

    public LimitedScaling Apply(HorizontalPodAutoscaler hpa, int current, int desired, int least)
    {
        var name = hpa.FullName();
        if (hpa.Spec.Behavior is not { } behavior)
        {
            var (_, highest) = history.Recommend(name, desired, TimeSpan.Zero, DefaultDownWindow);
            // Without rules a size may at most double, beyond the first four.
            var fastest = Math.Max((int)Math.Min(2L * current, int.MaxValue), 4);
            return Bound(highest, current, least, hpa.Spec.MaxReplicas, fastest, int.MinValue, highest > desired ? HeldUp : Ready);
        }
        var (low, high) = history.Recommend(name, desired, Window(behavior.ScaleUp, TimeSpan.Zero), Window(behavior.ScaleDown, DefaultDownWindow));
        // Within what was recommended lately the size stays as it is.
        var steady = Math.Max(low, Math.Min(high, current));
        var able = steady == desired ? Ready : desired > steady ? HeldDown : HeldUp;
        var (up, down) = (int.MaxValue, int.MinValue);
        if (steady > current)
            up = Math.Max(current, UpLimit(name, current, behavior.ScaleUp));
        else if (steady < current)
            down = Math.Min(current, DownLimit(name, current, behavior.ScaleDown));
        return Bound(steady, current, least, hpa.Spec.MaxReplicas, up, down, able);
    }

    private static LimitedScaling Bound(int wanted, int current, int least, int most, int up, int down, (string, string) able)
    {
        var highest = Math.Min(most, up);
        var lowest = Math.Max(least, down);
        if (wanted > highest && wanted >= current)
            return new(highest, able, up < most ? TooFast : TooMany);
        if (wanted > most)
            return new(most, able, TooMany);
        return wanted < lowest ? new(lowest, able, down > least ? TooFastDown : TooFew) : new(wanted, able, null);
    }

    private int UpLimit(NamespacedName name, int current, HPAScalingRules? rules)
    {
        if (rules?.SelectPolicy == ScalingPolicySelect.Disabled)
            return current;
        var limits = (rules?.Policies ?? default).Select(p =>
        {
            var before = history.SizeBefore(name, current, p);
            return p.Type == HPAScalingPolicyType.Pods ? before + (long)p.Value : (long)Math.Ceiling(before * (1 + p.Value / 100.0));
        }).ToList();
        return limits.Count == 0 ? int.MaxValue : (int)Math.Min(int.MaxValue, rules?.SelectPolicy == ScalingPolicySelect.Min ? limits.Min() : limits.Max());
    }

    private int DownLimit(NamespacedName name, int current, HPAScalingRules? rules)
    {
        if (rules?.SelectPolicy == ScalingPolicySelect.Disabled)
            return current;
        var limits = (rules?.Policies ?? default).Select(p =>
        {
            var before = history.SizeBefore(name, current, p);
            return p.Type == HPAScalingPolicyType.Pods ? before - (long)p.Value : (long)(before * (1 - p.Value / 100.0));
        }).ToList();
        // The policy that allows the greatest change is the one with the lowest size.
        return limits.Count == 0 ? int.MinValue : (int)Math.Max(int.MinValue, rules?.SelectPolicy == ScalingPolicySelect.Min ? limits.Max() : limits.Min());
    }

    private static TimeSpan Window(HPAScalingRules? rules, TimeSpan otherwise) =>
        rules?.StabilizationWindowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : otherwise;
}
