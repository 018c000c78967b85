using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>One pass over one Deployment. It does the next safe step and writes the status; the changes it causes wake it again.</summary>
/// <remarks>What a step learns for the status (revision, new conditions) is gathered in <see cref="_deployment"/> and written once, at the
/// end of the pass.</remarks>
internal sealed partial class Rollout
{
    private readonly IApiClient _api;
    private readonly EventRecorder _events;
    private readonly TimeProvider _clock;
    private readonly Deployment _read;
    private readonly List<ReplicaSet> _sets;
    private Deployment _deployment;

    public Rollout(IApiClient api, EventRecorder events, TimeProvider clock, Deployment deployment, List<ReplicaSet> sets)
    {
        _api = api;
        _events = events;
        _clock = clock;
        _read = _deployment = deployment;
        _sets = sets;
        // Oldest first, so that every pass takes the sets in the same order.
        _sets.Sort((a, b) => CompareAge(a, b));
    }

    private IEnumerable<ReplicaSet> Old(ReplicaSet? newest) => _sets.Where(s => s.Metadata.Uid != newest?.Metadata.Uid);

    /// <summary>Only counts; for a Deployment that is being deleted.</summary>
    public Task<ReconcileResult> SyncStatusAsync(CancellationToken cancellation)
    {
        var newest = FindNewest();
        return WriteStatusAsync(DeploymentProgress.Count(_deployment, _sets, newest, Now), cancellation);
    }

    /// <summary>Rolling update: first up within the surge, then down within what may be unavailable.</summary>
    public async Task<ReconcileResult> RollAsync(CancellationToken cancellation)
    {
        NoteResumed();
        var newest = await GetNewestAsync(create: true, cancellation).ConfigureAwait(false);
        if (newest is not null)
        {
            var scaled = await ScaleToAsync(newest, NewestTarget(newest), cancellation).ConfigureAwait(false);
            if (!scaled)
                scaled = await ShrinkOldAsync(newest, cancellation).ConfigureAwait(false);
            if (!scaled)
                await CleanUpAsync(newest, cancellation).ConfigureAwait(false);
        }
        return await JudgeAsync(newest, cancellation).ConfigureAwait(false);
    }

    /// <summary>Recreate: all old pods end before the first new one starts.</summary>
    public async Task<ReconcileResult> RecreateAsync(Func<ReplicaSet, IReadOnlyList<Pod>> podsOf, CancellationToken cancellation)
    {
        NoteResumed();
        var newest = await GetNewestAsync(create: false, cancellation).ConfigureAwait(false);
        var scaled = false;
        foreach (var old in Old(newest).Where(s => RolloutMath.Replicas(s) > 0).ToList())
            scaled |= await ScaleToAsync(old, 0, cancellation).ConfigureAwait(false);
        if (!scaled && !Old(newest).Any(s => s.Status.Replicas > 0 || podsOf(s).Any(p => !PodFacts.IsFinished(p))))
        {
            newest ??= await GetNewestAsync(create: true, cancellation).ConfigureAwait(false);
            if (newest is not null)
            {
                await ScaleToAsync(newest, RolloutMath.Replicas(_deployment), cancellation).ConfigureAwait(false);
                await CleanUpAsync(newest, cancellation).ConfigureAwait(false);
            }
        }
        return await JudgeAsync(newest, cancellation).ConfigureAwait(false);
    }

    private int NewestTarget(ReplicaSet newest)
    {
        var (has, wanted) = (RolloutMath.Replicas(newest), RolloutMath.Replicas(_deployment));
        return has >= wanted ? wanted : RolloutMath.NewSetReplicas(_deployment, _sets, has);
    }

    /// <summary>Takes from the old sets what can go without falling below the pods that must serve: broken pods first.</summary>
    private async Task<bool> ShrinkOldAsync(ReplicaSet newest, CancellationToken cancellation)
    {
        var old = Old(newest).Where(s => RolloutMath.Replicas(s) > 0).ToList();
        if (old.Count == 0)
            return false;
        var minimum = RolloutMath.Replicas(_deployment) - RolloutMath.MaxUnavailable(_deployment);
        var notYetAvailable = RolloutMath.Replicas(newest) - newest.Status.AvailableReplicas;
        var spare = _sets.Sum(RolloutMath.Replicas) - minimum - notYetAvailable;
        if (spare <= 0)
            return false;

        var targets = old.ToDictionary(s => s.Metadata.Uid, RolloutMath.Replicas);
        var broken = spare;
        foreach (var set in old)
        {
            var take = Math.Min(broken, RolloutMath.Replicas(set) - set.Status.AvailableReplicas);
            if (take <= 0)
                continue;
            targets[set.Metadata.Uid] -= take;
            broken -= take;
        }
        var serving = _sets.Sum(s => s.Status.AvailableReplicas) - minimum;
        foreach (var set in old)
        {
            var take = Math.Min(serving, targets[set.Metadata.Uid]);
            if (take <= 0)
                continue;
            targets[set.Metadata.Uid] -= take;
            serving -= take;
        }
        var scaled = false;
        foreach (var set in old)
            scaled |= await ScaleToAsync(set, targets[set.Metadata.Uid], cancellation).ConfigureAwait(false);
        return scaled;
    }

    /// <summary>Once complete, deletes old sets beyond the history that is to be kept.</summary>
    private async Task CleanUpAsync(ReplicaSet? newest, CancellationToken cancellation)
    {
        var status = DeploymentProgress.Count(_deployment, _sets, newest, Now);
        if (!_deployment.Spec.Paused && !DeploymentProgress.IsComplete(_deployment, status))
            return;
        if (_deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
            return;
        var kept = Old(newest).Where(s => s.Metadata.DeletionTimestamp is null).OrderBy(Revisions.Of).ToList();
        foreach (var set in kept.Take(Math.Max(0, kept.Count - limit)))
        {
            if (set.Status.Replicas != 0 || RolloutMath.Replicas(set) != 0 || set.Metadata.Generation > set.Status.ObservedGeneration)
                continue;
            try
            {
                await _api.DeleteAsync<ReplicaSet>(set.FullName(), new() { Preconditions = new() { Uid = set.Metadata.Uid } }, cancellation)
                    .ConfigureAwait(false);
            }
            catch (ApiException gone) when (gone.Code == 404)
            {
                continue;
            }
            _sets.Remove(set);
        }
    }

    private Task<ReconcileResult> JudgeAsync(ReplicaSet? newest, CancellationToken cancellation) =>
        WriteStatusAsync(DeploymentProgress.Judge(_deployment, DeploymentProgress.Count(_deployment, _sets, newest, Now), _sets, newest, Now),
            cancellation);

    private async Task<ReconcileResult> WriteStatusAsync(DeploymentStatus status, CancellationToken cancellation)
    {
        var wanted = _deployment with { Status = status };
        if (status != _read.Status || wanted.Metadata.Annotations != _read.Metadata.Annotations)
            await _api.UpdateStatusAsync(wanted, cancellation).ConfigureAwait(false);
        return DeploymentProgress.DeadlineIn(wanted, status, Now) is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    private static int CompareAge(ReplicaSet a, ReplicaSet b)
    {
        var order = Comparer<DateTimeOffset?>.Default.Compare(a.Metadata.CreationTimestamp, b.Metadata.CreationTimestamp);
        return order != 0 ? order : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
    }
}
