using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Whether tolerations let a pod live with a taint.</summary>
internal static class Tolerations
{
    /// <summary>The first taint that keeps the pod from the node, or null.</summary>
    public static Taint? Untolerated(Node node, Pod pod)
    {
        foreach (var taint in node.Spec.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerate(pod.Spec.Tolerations, taint))
                return taint;
        }

        return null;
    }

    public static bool Tolerate(ApiList<Toleration> tolerations, Taint taint)
    {
        foreach (var toleration in tolerations)
        {
            if (Tolerates(toleration, taint))
                return true;
        }

        return false;
    }

    public static bool Tolerates(Toleration toleration, Taint taint)
    {
        if (toleration.Effect.Length > 0 && toleration.Effect != taint.Effect)
            return false;
        if (toleration.Key.Length > 0 && toleration.Key != taint.Key)
            return false;
        return toleration.Operator switch
        {
            "" or "Equal" => toleration.Value == taint.Value,
            "Exists" => true,
            // KEP-5471: both are decimal integers.
            "Gt" => Compare(toleration, taint) is { } order && order > 0,
            "Lt" => Compare(toleration, taint) is { } order && order < 0,
            _ => false,
        };
    }

    private static int? Compare(Toleration toleration, Taint taint) =>
        long.TryParse(taint.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var has)
        && long.TryParse(toleration.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bound)
            ? has.CompareTo(bound)
            : null;
}
