using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps one pod of a set on every node that it fits.</summary>
internal sealed class DaemonSetController(IApiClient api, Lister<DaemonSet> sets, Lister<Node> nodes, Informer<Pod> pods, RevisionHistory history,
    PodExpectations expectations, PodControl control, EventRecorder events, TimeProvider clock) : IReconciler
{
    private const int Burst = 250;

    public static IReconciler Make(ControllerContext c)
    {
        var pods = c.Informer<Pod>().IndexByController();
        var events = c.Events("daemonset-controller");
        return new DaemonSetController(c.Api, c.Lister<DaemonSet>(), c.Lister<Node>(), pods,
            new(c.Api, c.Informer<ControllerRevision>().IndexByController().Lister), new(pods, c.Clock), new(c.Api, events), events, c.Clock);
    }

    /// <summary>A node that comes, goes, or changes labels or taints wakes all sets; its heartbeats do not.</summary>
    public static Wake WhenNodesChange { get; } = new(c =>
    {
        c.Informer<Node>().AddHandler(new()
        {
            Added = _ => WakeAll(),
            Updated = (before, now) =>
            {
                if (before.Metadata.Labels != now.Metadata.Labels || before.Spec != now.Spec)
                    WakeAll();
            },
            Deleted = _ => WakeAll(),
        });

        void WakeAll()
        {
            foreach (var set in c.Lister<DaemonSet>().All())
                c.Queue.AddAfter(set.FullName(), c.Options.Gathering);
        }
    });

    public static IEnumerable<NamespacedName> WouldAdopt(ControllerContext c, Pod pod) =>
        Owners.ControllerOf(pod.Metadata) is not null || pod.Metadata.Labels.Count == 0
            ? []
            : c.Lister<DaemonSet>().List(pod.Metadata.Namespace)
                .Where(s => Selector.From(s.Spec.Selector).Matches(pod.Metadata.Labels)).Select(s => s.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (sets.Find(name) is not { } set)
        {
            expectations.Forget(name);
            return ReconcileResult.Done;
        }
        if (Selector.From(set.Spec.Selector) is var selector && (selector.IsEverything || selector.IsNothing))
        {
            events.Warning(set, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
            return ReconcileResult.Done;
        }
        if (set.Metadata.DeletionTimestamp is not null)
            return ReconcileResult.Done;
        var settled = expectations.AreMet(name);
        var (revision, others) = await history.SyncAsync(set, set.Spec.Selector!, set.Spec.Template, set.Status.CollisionCount, c => LivesAsync(set, c), cancellation)
            .ConfigureAwait(false);
        var hash = revision.Metadata.Labels.GetValueOrDefault(RevisionHistory.HashLabel) ?? "";
        var claimed = await Claims.ClaimAsync(api, pods.Lister, set, selector, c => LivesAsync(set, c), cancellation).ConfigureAwait(false);
        var plan = new DaemonPlan(set, hash, nodes.All(), claimed, clock.GetUtcNow());

        Exception? failure = null;
        if (settled)
        {
            failure = await ApplyAsync(name, set, hash, plan, cancellation).ConfigureAwait(false);
            await history.TruncateAsync(others, r => claimed.Any(p => HashOf(p) == r.Metadata.Labels.GetValueOrDefault(RevisionHistory.HashLabel)),
                set.Spec.RevisionHistoryLimit ?? 10, cancellation).ConfigureAwait(false);
        }
        if (plan.Status != set.Status)
            await api.UpdateStatusAsync(set with { Status = plan.Status }, cancellation).ConfigureAwait(false);
        if (failure is not null)
            throw new ReplicaFailureException(failure);
        return plan.NextAvailable is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    internal static string HashOf(Pod pod) => pod.Metadata.Labels.GetValueOrDefault(RevisionHistory.HashLabel) ?? "";

    private async Task<Exception?> ApplyAsync(NamespacedName name, DaemonSet set, string hash, DaemonPlan plan, CancellationToken cancellation)
    {
        foreach (var failed in plan.FailedPods)
            events.Warning(set, "FailedDaemonPod", $"Found failed daemon pod {failed.FullName()} on node {failed.Spec.NodeName}, will try to kill it");
        var deletions = Task.WhenAll(plan.Delete.Take(Burst).Select(async pod =>
        {
            await control.DeleteAsync(pod, set, cancellation).ConfigureAwait(false);
            expectations.Deleted(name, pod);
        }));
        await deletions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var (_, error) = await SlowStart.RunAsync(Math.Min(plan.Create.Count, Burst), async i =>
            expectations.Created(name, await control.CreateAsync(DaemonPods.Render(set, plan.Create[i], hash), set, cancellation).ConfigureAwait(false)))
            .ConfigureAwait(false);
        return error is ApiException refused && PodControl.IsNamespaceTerminating(refused) ? null : error ?? deletions.Exception?.InnerException;
    }

    private async Task<bool> LivesAsync(DaemonSet set, CancellationToken cancellation) =>
        await api.FindAsync<DaemonSet>(set.FullName(), cancellation).ConfigureAwait(false) is { } live
        && live.Metadata.Uid == set.Metadata.Uid && live.Metadata.DeletionTimestamp is null;
}
