using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>What controllers ask of a pod.</summary>
internal static class PodFacts
{
    /// <summary>Not finished and not being deleted.</summary>
    public static bool IsActive(Pod pod) => !IsFinished(pod) && pod.Metadata.DeletionTimestamp is null;

    public static bool IsFinished(Pod pod) => pod.Status.Phase is PodPhase.Succeeded or PodPhase.Failed;

    public static bool IsTerminating(Pod pod) => !IsFinished(pod) && pod.Metadata.DeletionTimestamp is not null;

    public static PodCondition? Condition(Pod pod, string type)
    {
        foreach (var condition in pod.Status.Conditions)
        {
            if (condition.Type == type)
                return condition;
        }
        return null;
    }

    public static bool IsReady(Pod pod) => Condition(pod, PodConditionType.Ready)?.Status == ConditionStatus.True;

    /// <summary>Ready for at least the given time.</summary>
    public static bool IsAvailable(Pod pod, int minReadySeconds, DateTimeOffset now) => AvailableIn(pod, minReadySeconds, now) == TimeSpan.Zero;

    /// <summary>How long until the pod is available if it stays ready; null if it is not ready.</summary>
    public static TimeSpan? AvailableIn(Pod pod, int minReadySeconds, DateTimeOffset now)
    {
        if (Condition(pod, PodConditionType.Ready) is not { Status: ConditionStatus.True } ready)
            return null;
        if (minReadySeconds == 0 || ready.LastTransitionTime is not { } since)
            return minReadySeconds == 0 ? TimeSpan.Zero : null;
        var left = since.AddSeconds(minReadySeconds) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
