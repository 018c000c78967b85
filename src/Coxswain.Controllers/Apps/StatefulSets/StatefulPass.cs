using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>One pass over one StatefulSet: 1. the pods that must be, upwards; 2. those that are too many, downwards; 3. those of an older
/// template, downwards. In order means: each step waits until what stands before it is well.</summary>
internal sealed class StatefulPass(IApiClient api, Lister<PersistentVolumeClaim> claims, EventRecorder events, TimeProvider clock, StatefulSet set,
    Dictionary<int, Pod> pods, ControllerRevision current, ControllerRevision update)
{
    /// <summary>How many pods one pass makes or deletes; their changes bring the next pass.</summary>
    private const int Burst = 500;

    private readonly int _first = set.Spec.Ordinals?.Start ?? 0;
    private readonly int _end = (set.Spec.Ordinals?.Start ?? 0) + (set.Spec.Replicas ?? 1);
    private readonly bool _inOrder = set.Spec.PodManagementPolicy != PodManagementPolicyType.Parallel;
    private readonly DateTimeOffset _now = clock.GetUtcNow();
    private readonly ClaimRetention _retention = new(api, claims, events, set);

    private int Partition => set.Spec.UpdateStrategy.RollingUpdate?.Partition ?? 0;

    private bool IsOnDelete => set.Spec.UpdateStrategy.Type == StatefulSetUpdateStrategyType.OnDelete;

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!await FillAsync(cancellation).ConfigureAwait(false) || !await ShrinkAsync(cancellation).ConfigureAwait(false) || IsOnDelete)
            return;
        await RollAsync(cancellation).ConfigureAwait(false);
    }

    public StatefulSetStatus Count()
    {
        // The revision of each pod as it is now; created pods were put into the table.
        var replicas = pods.Values.Where(p => p.Metadata.Uid.Length > 0).ToList();
        var live = replicas.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        var ready = replicas.Count(IsRunningAndReady);
        var status = set.Status with
        {
            ObservedGeneration = set.Metadata.Generation,
            Replicas = replicas.Count,
            ReadyReplicas = ready,
            AvailableReplicas = replicas.Count(IsAvailable),
            CurrentReplicas = live.Count(p => StatefulPods.RevisionOf(p) == current.Metadata.Name),
            UpdatedReplicas = live.Count(p => StatefulPods.RevisionOf(p) == update.Metadata.Name),
            CurrentRevision = current.Metadata.Name,
            UpdateRevision = update.Metadata.Name,
            CollisionCount = set.Status.CollisionCount ?? 0,
        };
        var wanted = set.Spec.Replicas ?? 1;
        var complete = !IsOnDelete && status.UpdatedReplicas == wanted && ready == wanted && status.Replicas == wanted;
        return complete ? status with { CurrentRevision = update.Metadata.Name, CurrentReplicas = status.UpdatedReplicas } : status;
    }

    public TimeSpan? NextAvailable() => pods.Values.Select(p => PodFacts.AvailableIn(p, set.Spec.MinReadySeconds, _now))
        .Where(w => w > TimeSpan.Zero).Min();

    /// <summary>True when every pod that must be is well, so that the next step may go on.</summary>
    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        var well = true;
        var made = 0;
        for (var ordinal = _first; ordinal < _end; ordinal++)
        {
            if (pods.TryGetValue(ordinal, out var pod) && PodFacts.IsFinished(pod))
            {
                if (pod.Metadata.DeletionTimestamp is null)
                    await DeleteAsync(pod, cancellation).ConfigureAwait(false);
                well = false;
            }
            else if (pod is null)
            {
                if (++made > Burst)
                    return false;
                await CreateAsync(ordinal, cancellation).ConfigureAwait(false);
                well = false;
            }
            else
            {
                await EnsureClaimsAsync(ordinal, pod, cancellation).ConfigureAwait(false);
                await _retention.ApplyAsync(ordinal, pod, scaledAway: false, cancellation).ConfigureAwait(false);
                if (pod.Metadata.DeletionTimestamp is not null || !IsAvailable(pod))
                    well = false;
            }
            if (!well && _inOrder)
                return false;
        }
        // Unlike an ordered one, a parallel set goes on whatever its pods are like.
        return well || !_inOrder;
    }

    private async Task<bool> ShrinkAsync(CancellationToken cancellation)
    {
        var surplus = pods.Where(p => p.Key < _first || p.Key >= _end).OrderByDescending(p => p.Key).ToList();
        var deleted = 0;
        foreach (var (ordinal, pod) in surplus)
        {
            if (pod.Metadata.DeletionTimestamp is null)
            {
                if (++deleted > Burst)
                    return false;
                await _retention.ApplyAsync(ordinal, pod, scaledAway: true, cancellation).ConfigureAwait(false);
                await DeleteAsync(pod, cancellation).ConfigureAwait(false);
            }
            if (_inOrder)
                return false;
        }
        return true;
    }

    /// <summary>Deletes pods of an older template from the top down to the partition, as many as may be missing at once.</summary>
    private async Task RollAsync(CancellationToken cancellation)
    {
        var most = Math.Max(1, RolloutMath.Resolve(set.Spec.UpdateStrategy.RollingUpdate?.MaxUnavailable, "1", set.Spec.Replicas ?? 1, roundUp: true));
        var missing = 0;
        for (var ordinal = _first; ordinal < _end; ordinal++)
        {
            if (!pods.TryGetValue(ordinal, out var pod) || pod.Metadata.DeletionTimestamp is not null || !IsAvailable(pod))
                missing++;
        }
        for (var ordinal = _end - 1; ordinal >= Math.Max(_first, _first + Partition); ordinal--)
        {
            if (!pods.TryGetValue(ordinal, out var pod) || pod.Metadata.DeletionTimestamp is not null)
                continue;
            if (StatefulPods.RevisionOf(pod) == update.Metadata.Name)
                continue;
            // One that does not serve is missed already and may be replaced without asking.
            if (IsAvailable(pod) && missing >= most)
                return;
            if (IsAvailable(pod))
                missing++;
            await DeleteAsync(pod, cancellation).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync(int ordinal, CancellationToken cancellation)
    {
        var revision = UsesCurrent(ordinal) ? current : update;
        var template = ReferenceEquals(revision, update) ? set.Spec.Template : RevisionHistory.TemplateOf(revision);
        var wanted = StatefulPods.Render(set, template, ordinal, revision.Metadata.Name);
        await EnsureClaimsAsync(ordinal, wanted, cancellation).ConfigureAwait(false);
        try
        {
            pods[ordinal] = await api.CreateAsync(wanted, cancellation).ConfigureAwait(false);
            events.Normal(set, "SuccessfulCreate", $"create Pod {wanted.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
        {
            // The lister lags, or another's pod has the name: either wakes us when it changes.
        }
        catch (ApiException refused)
        {
            events.Warning(set, "FailedCreate", $"create Pod {wanted.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {refused.Message}");
            throw;
        }
    }

    /// <summary>During a rollout a pod that is made again below the partition, or that was not yet reached, keeps its template.</summary>
    private bool UsesCurrent(int ordinal)
    {
        if (current.Metadata.Name == update.Metadata.Name || IsOnDelete)
            return false;
        return Partition > 0 ? ordinal < _first + Partition : ordinal < _first + set.Status.CurrentReplicas;
    }

    private async Task EnsureClaimsAsync(int ordinal, Pod pod, CancellationToken cancellation)
    {
        if (set.Spec.VolumeClaimTemplates.Count == 0 || pod.Status.Phase == PodPhase.Running)
            return;
        foreach (var claim in StatefulPods.Claims(set, ordinal))
        {
            if (claims.Find(claim.FullName()) is not null)
                continue;
            try
            {
                await api.CreateAsync(claim, cancellation).ConfigureAwait(false);
                events.Normal(set, "SuccessfulCreate",
                    $"create Claim {claim.Metadata.Name} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} success");
            }
            catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
            {
                continue;
            }
        }
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<Pod>(pod.FullName(), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellation).ConfigureAwait(false);
            events.Normal(set, "SuccessfulDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
    }

    private bool IsAvailable(Pod pod) => IsRunningAndReady(pod) && PodFacts.IsAvailable(pod, set.Spec.MinReadySeconds, _now);

    private static bool IsRunningAndReady(Pod pod) => pod.Status.Phase == PodPhase.Running && PodFacts.IsReady(pod);
}
