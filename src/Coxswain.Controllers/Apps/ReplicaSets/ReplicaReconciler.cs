using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>What ReplicaSets and ReplicationControllers have in common: so many pods of one template.</summary>
/// <param name="Object">The set itself, owner of the pods.</param>
internal sealed record ReplicaTarget(IMetadataObject Object, int Replicas, int MinReadySeconds, Selector Selector, PodTemplateSpec Template,
    ReplicaSetStatus Status);

/// <summary>Reads and writes one of the kinds that keep a number of pods.</summary>
internal interface IReplicaKind
{
    /// <summary>From the lister.</summary>
    ReplicaTarget? Find(NamespacedName name);

    /// <summary>From the server.</summary>
    Task<IMetadataObject?> FindLiveAsync(NamespacedName name, CancellationToken cancellation);

    /// <summary>All pods that do the same work as these, other sets' pods included.</summary>
    IEnumerable<Pod> Related(ReplicaTarget target, IReadOnlyList<Pod> own);

    Task WriteStatusAsync(ReplicaTarget target, ReplicaSetStatus status, CancellationToken cancellation);
}

/// <summary>Keeps as many active pods as a set asks for, and its status true.</summary>
internal sealed class ReplicaReconciler(IReplicaKind kind, IApiClient api, Informer<Pod> pods, PodExpectations expectations, PodControl control,
    TimeProvider clock) : IReconciler
{
    /// <summary>How many pods are created or deleted in one go; the rest follows when the lister shows these.</summary>
    private const int Burst = 500;

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (kind.Find(name) is not { } target)
        {
            expectations.Forget(name);
            return ReconcileResult.Done;
        }
        // Asked before the pods are read: what comes into the lister in between can only make them fresher.
        var settled = expectations.AreMet(name);
        var claimed = await Claims.ClaimAsync(api, pods.Lister, target.Object, target.Selector, c => LivesAsync(target, c), cancellation)
            .ConfigureAwait(false);
        var active = claimed.Where(PodFacts.IsActive).ToList();

        Exception? failure = null;
        if (settled && target.Object.Metadata.DeletionTimestamp is null)
            failure = await ManageAsync(name, target, active, cancellation).ConfigureAwait(false);

        var status = ReplicaStatus.Compute(target, active, claimed.Count(PodFacts.IsTerminating), failure, clock.GetUtcNow());
        if (status != target.Status)
            await kind.WriteStatusAsync(target, status, cancellation).ConfigureAwait(false);
        if (failure is not null)
            throw new ReplicaFailureException(failure);
        return NextAvailable(target, active) is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    /// <summary>Creates what is missing or deletes what is too much; returns what went wrong.</summary>
    private async Task<Exception?> ManageAsync(NamespacedName name, ReplicaTarget target, List<Pod> active, CancellationToken cancellation)
    {
        var missing = target.Replicas - active.Count;
        if (missing > 0)
        {
            var pod = PodControl.FromTemplate(target.Template, target.Object);
            var (_, error) = await SlowStart.RunAsync(Math.Min(missing, Burst), async _ =>
                expectations.Created(name, await control.CreateAsync(pod, target.Object, cancellation).ConfigureAwait(false))).ConfigureAwait(false);
            return error is ApiException refused && PodControl.IsNamespaceTerminating(refused) ? null : error;
        }
        if (missing == 0)
            return null;
        var surplus = PodDeletionRank.Choose(active, kind.Related(target, active), Math.Min(-missing, Burst), clock.GetUtcNow());
        var deletions = Task.WhenAll(surplus.Select(async pod =>
        {
            await control.DeleteAsync(pod, target.Object, cancellation).ConfigureAwait(false);
            expectations.Deleted(name, pod);
        }));
        await deletions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return deletions.Exception?.InnerException;
    }

    /// <summary>When minReadySeconds will next make a pod available, about which nobody will tell us.</summary>
    private TimeSpan? NextAvailable(ReplicaTarget target, List<Pod> active)
    {
        if (target.MinReadySeconds == 0)
            return null;
        var now = clock.GetUtcNow();
        TimeSpan? next = null;
        foreach (var pod in active)
        {
            if (PodFacts.AvailableIn(pod, target.MinReadySeconds, now) is { } wait && wait > TimeSpan.Zero && (next is null || wait < next))
                next = wait;
        }
        return next;
    }

    private async Task<bool> LivesAsync(ReplicaTarget target, CancellationToken cancellation) =>
        await kind.FindLiveAsync(target.Object.FullName(), cancellation).ConfigureAwait(false) is { } live
        && live.Metadata.Uid == target.Object.Metadata.Uid && live.Metadata.DeletionTimestamp is null;
}

/// <summary>Pods were refused; the status and an event tell it, and it is tried again after the back-off.</summary>
internal sealed class ReplicaFailureException(Exception inner) : Exception(inner.Message, inner);
