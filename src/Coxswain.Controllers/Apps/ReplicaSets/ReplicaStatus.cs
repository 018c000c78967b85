using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>The status of a set of pods, from the pods.</summary>
internal static class ReplicaStatus
{
    public static ReplicaSetStatus Compute(ReplicaTarget target, List<Pod> active, int terminating, Exception? failure, DateTimeOffset now)
    {
        var (labelled, ready, available) = (0, 0, 0);
        foreach (var pod in active)
        {
            if (HasAll(pod.Metadata.Labels, target.Template.Metadata.Labels))
                labelled++;
            if (!PodFacts.IsReady(pod))
                continue;
            ready++;
            if (PodFacts.IsAvailable(pod, target.MinReadySeconds, now))
                available++;
        }
        return target.Status with
        {
            Replicas = active.Count,
            FullyLabeledReplicas = labelled,
            ReadyReplicas = ready,
            AvailableReplicas = available,
            TerminatingReplicas = terminating,
            ObservedGeneration = target.Object.Metadata.Generation,
            Conditions = Conditions(target.Status.Conditions, failure, target.Replicas > active.Count, now),
        };
    }

    private static ApiList<ReplicaSetCondition> Conditions(ApiList<ReplicaSetCondition> before, Exception? failure, bool creating, DateTimeOffset now)
    {
        var others = before.Where(c => c.Type != ReplicaSetConditionType.ReplicaFailure);
        if (failure is null)
            return before.Any(c => c.Type == ReplicaSetConditionType.ReplicaFailure) ? others.ToApiList() : before;
        // The first failure stays, as it does upstream, until all is well again.
        return before.Any(c => c.Type == ReplicaSetConditionType.ReplicaFailure)
            ? before
            : others.Append(new()
            {
                Type = ReplicaSetConditionType.ReplicaFailure,
                Status = ConditionStatus.True,
                LastTransitionTime = now,
                Reason = creating ? PodControl.FailedCreate : PodControl.FailedDelete,
                Message = failure.Message,
            }).ToApiList();
    }

    private static bool HasAll(ApiMap<string> labels, ApiMap<string> wanted)
    {
        foreach (var (key, value) in wanted)
        {
            if (!labels.TryGetValue(key, out var has) || has != value)
                return false;
        }
        return true;
    }
}
