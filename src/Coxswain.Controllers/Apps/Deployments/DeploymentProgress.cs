using Coxswain.Api.Apps.V1;

namespace Coxswain.Controllers;

/// <summary>A Deployment's status, from its ReplicaSets: counts, availability, and whether the rollout is getting on.</summary>
internal static class DeploymentProgress
{
    // The widest int means: no deadline.
    public static bool HasDeadline(Deployment d) => d.Spec.ProgressDeadlineSeconds is { } seconds && seconds != int.MaxValue;

    /// <summary>Counts and availability; the conditions of progress stay as they are.</summary>
    public static DeploymentStatus Count(Deployment d, IReadOnlyCollection<ReplicaSet> all, ReplicaSet? newest, DateTimeOffset now)
    {
        var available = all.Sum(s => s.Status.AvailableReplicas);
        var enough = available >= RolloutMath.Replicas(d) - RolloutMath.MaxUnavailable(d);
        var terminating = all.Sum(s => s.Status.TerminatingReplicas ?? 0);
        return d.Status with
        {
            ObservedGeneration = d.Metadata.Generation,
            Replicas = all.Sum(s => s.Status.Replicas),
            UpdatedReplicas = newest?.Status.Replicas ?? 0,
            ReadyReplicas = all.Sum(s => s.Status.ReadyReplicas),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, all.Sum(RolloutMath.Replicas) - available),
            TerminatingReplicas = terminating,
            Conditions = DeploymentConditions.With(d.Status.Conditions, enough
                ? DeploymentConditions.New(DeploymentConditionType.Available, ConditionStatus.True, DeploymentConditions.MinimumAvailable,
                    "Deployment has minimum availability.", now)
                : DeploymentConditions.New(DeploymentConditionType.Available, ConditionStatus.False, DeploymentConditions.MinimumUnavailable,
                    "Deployment does not have minimum availability.", now)),
        };
    }

    public static bool IsComplete(Deployment d, DeploymentStatus status)
    {
        var wanted = RolloutMath.Replicas(d);
        return status.UpdatedReplicas == wanted && status.Replicas == wanted && status.AvailableReplicas == wanted
            && status.ObservedGeneration >= d.Metadata.Generation;
    }

    /// <summary>The status with what is to be said of the rollout.</summary>
    public static DeploymentStatus Judge(Deployment d, DeploymentStatus status, IReadOnlyCollection<ReplicaSet> all, ReplicaSet? newest,
        DateTimeOffset now)
    {
        const string progressing = DeploymentConditionType.Progressing;
        var conditions = status.Conditions;
        var current = DeploymentConditions.Progress(d.Status);
        if (!HasDeadline(d))
            conditions = DeploymentConditions.Without(conditions, progressing);
        // A rollout that has succeeded is judged no more until the next: pods may come and go.
        var done = status.Replicas == status.UpdatedReplicas && current?.Reason == DeploymentConditions.NewSetAvailable;
        if (HasDeadline(d) && !done)
        {
            var what = newest is null ? $"Deployment \"{d.Metadata.Name}\"" : $"ReplicaSet \"{newest.Metadata.Name}\"";
            if (IsComplete(d, status))
                conditions = DeploymentConditions.With(conditions, DeploymentConditions.New(progressing, ConditionStatus.True,
                    DeploymentConditions.NewSetAvailable, what + " has successfully progressed.", now));
            else if (HasProgressed(d.Status, status))
                conditions = DeploymentConditions.Without(conditions, progressing).Add(DeploymentConditions.New(progressing, ConditionStatus.True,
                    DeploymentConditions.SetUpdated, what + " is progressing.", now) with
                {
                    LastTransitionTime = current?.Status == ConditionStatus.True ? current.LastTransitionTime : now,
                });
            else if (HasTimedOut(d, current, now))
                conditions = DeploymentConditions.With(conditions, DeploymentConditions.New(progressing, ConditionStatus.False,
                    DeploymentConditions.TimedOut, what + " has timed out progressing.", now));
        }
        return status with { Conditions = WithFailures(conditions, all, newest) };
    }

    /// <summary>How long to wait before the deadline has to be looked at; null: never.</summary>
    public static TimeSpan? DeadlineIn(Deployment d, DeploymentStatus status, DateTimeOffset now)
    {
        if (DeploymentConditions.Progress(status) is not { LastUpdateTime: { } updated } current || !HasDeadline(d) || IsComplete(d, status)
            || current.Reason is DeploymentConditions.TimedOut or DeploymentConditions.NewSetAvailable)
            return null;
        var left = updated.AddSeconds(d.Spec.ProgressDeadlineSeconds!.Value) - now;
        return (left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
    }

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus now) =>
        now.UpdatedReplicas > before.UpdatedReplicas
        || now.Replicas - now.UpdatedReplicas < before.Replicas - before.UpdatedReplicas
        || now.ReadyReplicas > before.ReadyReplicas
        || now.AvailableReplicas > before.AvailableReplicas;

    private static bool HasTimedOut(Deployment d, DeploymentCondition? current, DateTimeOffset now) =>
        current is { LastUpdateTime: { } updated }
        && current.Reason != DeploymentConditions.NewSetAvailable
        && (current.Reason == DeploymentConditions.TimedOut || updated.AddSeconds(d.Spec.ProgressDeadlineSeconds!.Value) < now);

    private static Api.ApiList<DeploymentCondition> WithFailures(Api.ApiList<DeploymentCondition> conditions, IReadOnlyCollection<ReplicaSet> all,
        ReplicaSet? newest)
    {
        var failure = newest is null ? null : FailureOf(newest);
        failure ??= all.Select(FailureOf).FirstOrDefault(f => f is not null);
        return failure is null
            ? DeploymentConditions.Without(conditions, DeploymentConditionType.ReplicaFailure)
            : DeploymentConditions.With(conditions, new()
            {
                Type = DeploymentConditionType.ReplicaFailure,
                Status = failure.Status,
                LastTransitionTime = failure.LastTransitionTime,
                LastUpdateTime = failure.LastTransitionTime,
                Reason = failure.Reason,
                Message = failure.Message,
            });
    }

    private static ReplicaSetCondition? FailureOf(ReplicaSet set) =>
        set.Status.Conditions.FirstOrDefault(c => c.Type == ReplicaSetConditionType.ReplicaFailure);
}
