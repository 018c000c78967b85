using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Keeps pods with lasting names and claims, in order.</summary>
internal sealed class StatefulSetController(IApiClient api, Lister<StatefulSet> sets, Lister<Pod> pods, Lister<PersistentVolumeClaim> claims,
    RevisionHistory history, EventRecorder events, TimeProvider clock) : IReconciler
{
    public static IReconciler Make(ControllerContext c) => new StatefulSetController(c.Api, c.Lister<StatefulSet>(),
        c.Informer<Pod>().IndexByController().Lister, c.Lister<PersistentVolumeClaim>(),
        new(c.Api, c.Informer<ControllerRevision>().IndexByController().Lister), c.Events("statefulset-controller"), c.Clock);

    public static IEnumerable<NamespacedName> WouldAdopt(ControllerContext c, Pod pod) =>
        Owners.ControllerOf(pod.Metadata) is not null || pod.Metadata.Labels.Count == 0
            ? []
            : c.Lister<StatefulSet>().List(pod.Metadata.Namespace)
                .Where(s => StatefulPods.OrdinalOf(s, pod) is not null && Selector.From(s.Spec.Selector).Matches(pod.Metadata.Labels)).Select(s => s.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (sets.Find(name) is not { Spec.Selector: { } selector } set)
            return ReconcileResult.Done;
        var (update, others) = await history.SyncAsync(set, selector, set.Spec.Template, set.Status.CollisionCount, c => LivesAsync(set, c), cancellation)
            .ConfigureAwait(false);
        var current = others.FirstOrDefault(r => r.Metadata.Name == set.Status.CurrentRevision) ?? update;
        var claimed = await Claims.ClaimAsync(api, pods, set, Selector.From(selector), c => LivesAsync(set, c), cancellation).ConfigureAwait(false);
        var own = claimed.Where(p => StatefulPods.OrdinalOf(set, p) is not null).ToDictionary(p => StatefulPods.OrdinalOf(set, p)!.Value);

        var pass = new StatefulPass(api, claims, events, clock, set, own, current, update);
        Exception? failure = null;
        if (set.Metadata.DeletionTimestamp is null)
        {
            try
            {
                await pass.RunAsync(cancellation).ConfigureAwait(false);
            }
            catch (ApiException refused)
            {
                failure = refused;      // the status is told all the same
            }
        }
        var status = pass.Count();
        if (status != set.Status)
            await api.UpdateStatusAsync(set with { Status = status }, cancellation).ConfigureAwait(false);
        if (failure is ApiException namespaceEnds && PodControl.IsNamespaceTerminating(namespaceEnds))
            return ReconcileResult.Done;
        if (failure is not null)
            throw new ReplicaFailureException(failure);
        await history.TruncateAsync(others, r => r.Metadata.Name == current.Metadata.Name || own.Values.Any(p => StatefulPods.RevisionOf(p) == r.Metadata.Name),
            set.Spec.RevisionHistoryLimit ?? 10, cancellation).ConfigureAwait(false);
        return pass.NextAvailable() is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private async Task<bool> LivesAsync(StatefulSet set, CancellationToken cancellation) =>
        await api.FindAsync<StatefulSet>(set.FullName(), cancellation).ConfigureAwait(false) is { } live
        && live.Metadata.Uid == set.Metadata.Uid && live.Metadata.DeletionTimestamp is null;
}
