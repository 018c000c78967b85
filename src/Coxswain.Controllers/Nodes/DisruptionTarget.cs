using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>The condition that says why a pod was ended by the cluster rather than by itself; Jobs may count such pods differently.</summary>
internal static class DisruptionTarget
{
    public static Pod Mark(Pod pod, string reason, string message, DateTimeOffset now)
    {
        var condition = new PodCondition
        {
            Type = PodConditionType.DisruptionTarget,
            Status = ConditionStatus.True,
            Reason = reason,
            Message = message,
            LastTransitionTime = now,
        };
        var conditions = pod.Status.Conditions;
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type == condition.Type)
                return pod with { Status = pod.Status with { Conditions = conditions.SetItem(i, condition) } };
        }
        return pod with { Status = pod.Status with { Conditions = conditions.Add(condition) } };
    }
}
