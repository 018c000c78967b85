using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;

namespace Coxswain.Controllers;

/// <summary>How many pods a rollout may have and may lack.</summary>
internal static class RolloutMath
{
    public static int Replicas(Deployment d) => d.Spec.Replicas ?? 1;

    public static int Replicas(ReplicaSet set) => set.Spec.Replicas ?? 1;

    public static bool IsRolling(Deployment d) => d.Spec.Strategy.Type is DeploymentStrategyType.RollingUpdate or "";

    public static int MaxSurge(Deployment d) => IsRolling(d) ? Fenceposts(d).Surge : 0;

    public static int MaxUnavailable(Deployment d) =>
        !IsRolling(d) || Replicas(d) == 0 ? 0 : Math.Min(Fenceposts(d).Unavailable, Replicas(d));

    /// <summary>A number, or a percentage of <paramref name="total"/> rounded as told.</summary>
    public static int Resolve(IntOrString? value, string otherwise, int total, bool roundUp)
    {
        var amount = value ?? new IntOrString(otherwise);
        if (!amount.IsString)
            return amount.IntValue;
        if (!amount.StringValue.EndsWith('%')
            || !int.TryParse(amount.StringValue.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
            return 0;
        var share = (long)percent * total;
        return (int)((roundUp ? share + 99 : share) / 100);
    }

    /// <summary>The replicas of the newest set: up to what is wanted, as far as the surge allows.</summary>
    public static int NewSetReplicas(Deployment d, IEnumerable<ReplicaSet> all, int newReplicas)
    {
        if (!IsRolling(d))
            return Replicas(d);
        var current = all.Sum(Replicas);
        var most = Replicas(d) + MaxSurge(d);
        return current >= most ? newReplicas : newReplicas + Math.Min(most - current, Replicas(d) - newReplicas);
    }

    /// <summary>A set's share of a change of the whole Deployment's size during a rollout, at most what is left to share.</summary>
    public static int Proportion(ReplicaSet set, Deployment d, int toAdd, int added)
    {
        if (Replicas(set) == 0 || toAdd == 0 || toAdd == added)
            return 0;
        var allowed = toAdd - added;
        var fraction = Fraction(set, d);
        return toAdd > 0 ? Math.Min(fraction, allowed) : Math.Max(fraction, allowed);
    }

    private static int Fraction(ReplicaSet set, Deployment d)
    {
        if (Replicas(d) == 0)
            return -Replicas(set);
        var max = Replicas(d) + MaxSurge(d);
        // Without a note of the size before, the status tells it best.
        var before = Revisions.MaxOf(set) is { } noted and > 0 ? noted : d.Status.Replicas;
        if (before == 0)
            return 0;
        var size = (double)Replicas(set) * max / before;
        return (int)Math.Round(size, MidpointRounding.AwayFromZero) - Replicas(set);
    }

    private static (int Surge, int Unavailable) Fenceposts(Deployment d)
    {
        var rolling = d.Spec.Strategy.RollingUpdate;
        var surge = Resolve(rolling?.MaxSurge, "25%", Replicas(d), roundUp: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, "25%", Replicas(d), roundUp: false);
        // Both zero (by rounding) would never move.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }
}
