using Coxswain.Api.Apps.V1;

namespace Coxswain.Controllers;

/// <content>Changes of size: of one set by a rollout, of all sets when the Deployment's size changes.</content>
internal sealed partial class Rollout
{
    /// <summary>Whether the Deployment's size has changed since its sets were last scaled.</summary>
    public bool IsScaling() => _sets.Any(s => RolloutMath.Replicas(s) > 0 && Revisions.DesiredOf(s) is { } desired
        && desired != RolloutMath.Replicas(_deployment));

    /// <summary>Scales without rolling: for a paused Deployment, and when its size changes in the middle of a rollout.</summary>
    public async Task<Client.ReconcileResult> ScaleAsync(CancellationToken cancellation)
    {
        NotePaused();
        var newest = await GetNewestAsync(create: false, cancellation).ConfigureAwait(false);
        await ScaleSetsAsync(newest, cancellation).ConfigureAwait(false);
        if (_deployment.Spec.Paused)
            await CleanUpAsync(newest, cancellation).ConfigureAwait(false);
        return await WriteStatusAsync(DeploymentProgress.Count(_deployment, _sets, newest, Now), cancellation).ConfigureAwait(false);
    }

    private async Task ScaleSetsAsync(ReplicaSet? newest, CancellationToken cancellation)
    {
        var wanted = RolloutMath.Replicas(_deployment);
        var active = _sets.Where(s => RolloutMath.Replicas(s) > 0).ToList();
        if (active.Count <= 1)
        {
            if ((active.FirstOrDefault() ?? newest ?? _sets.LastOrDefault()) is { } only)
                await ScaleToAsync(only, wanted, cancellation).ConfigureAwait(false);
            return;
        }
        if (newest is not null && IsSaturated(newest))
        {
            foreach (var old in active.Where(s => s.Metadata.Uid != newest.Metadata.Uid))
                await ScaleToAsync(old, 0, cancellation).ConfigureAwait(false);
            return;
        }
        if (RolloutMath.IsRolling(_deployment))
            await ShareAsync(active, wanted > 0 ? wanted + RolloutMath.MaxSurge(_deployment) : 0, cancellation).ConfigureAwait(false);
    }

    /// <summary>Shares the change among the sets in proportion to their size; what rounding leaves over goes to the largest.</summary>
    private async Task ShareAsync(List<ReplicaSet> active, int allowed, CancellationToken cancellation)
    {
        var toAdd = allowed - active.Sum(RolloutMath.Replicas);
        // Of sets of one size the newer gets more and the older loses more.
        var order = toAdd > 0
            ? active.OrderByDescending(RolloutMath.Replicas).ThenByDescending(s => s.Metadata.CreationTimestamp)
            : active.OrderByDescending(RolloutMath.Replicas).ThenBy(s => s.Metadata.CreationTimestamp);
        var sorted = order.ToList();
        var targets = new int[sorted.Count];
        var added = 0;
        for (var i = 0; i < sorted.Count; i++)
        {
            var share = RolloutMath.Proportion(sorted[i], _deployment, toAdd, added);
            targets[i] = RolloutMath.Replicas(sorted[i]) + share;
            added += share;
        }
        targets[0] = Math.Max(0, targets[0] + toAdd - added);
        for (var i = 0; i < sorted.Count; i++)
            await ScaleToAsync(sorted[i], targets[i], cancellation).ConfigureAwait(false);
    }

    /// <summary>Scales one set and notes by which size; true if its size changed.</summary>
    private async Task<bool> ScaleToAsync(ReplicaSet set, int replicas, CancellationToken cancellation)
    {
        var before = RolloutMath.Replicas(set);
        var annotations = Revisions.WithReplicas(set.Metadata.Annotations, RolloutMath.Replicas(_deployment),
            RolloutMath.Replicas(_deployment) + RolloutMath.MaxSurge(_deployment));
        if (before == replicas && annotations == set.Metadata.Annotations)
            return false;
        Replace(await _api.UpdateAsync(set with
        {
            Metadata = set.Metadata with { Annotations = annotations },
            Spec = set.Spec with { Replicas = replicas },
        }, cancellation).ConfigureAwait(false));
        if (before == replicas)
            return false;
        _events.Normal(_deployment, "ScalingReplicaSet",
            $"Scaled {(before < replicas ? "up" : "down")} replica set {set.Metadata.Name} from {before} to {replicas}");
        return true;
    }

    private bool IsSaturated(ReplicaSet set) =>
        RolloutMath.Replicas(set) == RolloutMath.Replicas(_deployment)
        && Revisions.DesiredOf(set) == RolloutMath.Replicas(_deployment)
        && set.Status.AvailableReplicas == RolloutMath.Replicas(_deployment);

    // A pause stops the clock of the progress deadline, which the resumption starts anew.
    private void NotePaused()
    {
        if (_deployment.Spec.Paused && DeploymentProgress.HasDeadline(_deployment)
            && DeploymentConditions.Progress(_deployment.Status)?.Reason is not (DeploymentConditions.Paused or DeploymentConditions.TimedOut))
            NoteProgress(ConditionStatus.Unknown, DeploymentConditions.Paused, "Deployment is paused");
        else
            NoteResumed();
    }

    private void NoteResumed()
    {
        if (!_deployment.Spec.Paused && DeploymentConditions.Progress(_deployment.Status)?.Reason == DeploymentConditions.Paused)
            NoteProgress(ConditionStatus.Unknown, DeploymentConditions.Resumed, "Deployment is resumed");
    }
}
