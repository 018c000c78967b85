using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>ReplicaSets for <see cref="ReplicaReconciler"/>.</summary>
internal sealed class ReplicaSetController(IApiClient api, Lister<ReplicaSet> sets, Lister<Pod> pods) : IReplicaKind
{
    public static IReconciler Make(ControllerContext c)
    {
        var pods = c.Informer<Pod>().IndexByController();
        var kind = new ReplicaSetController(c.Api, c.Informer<ReplicaSet>().IndexByController().Lister, pods.Lister);
        return new ReplicaReconciler(kind, c.Api, pods, new(pods, c.Clock), new(c.Api, c.Events("replicaset-controller")), c.Clock);
    }

    /// <summary>An orphaned pod wakes the sets that would adopt it.</summary>
    public static IEnumerable<NamespacedName> WouldAdopt(ControllerContext c, Pod pod) =>
        Owners.ControllerOf(pod.Metadata) is not null || pod.Metadata.Labels.Count == 0
            ? []
            : c.Lister<ReplicaSet>().List(pod.Metadata.Namespace)
                .Where(s => s.Spec.Selector is { } selector && Selector.From(selector).Matches(pod.Metadata.Labels)).Select(s => s.FullName());

    public ReplicaTarget? Find(NamespacedName name) =>
        sets.Find(name) is { Spec.Selector: { } selector } set
            ? new(set, set.Spec.Replicas ?? 1, set.Spec.MinReadySeconds, Selector.From(selector), set.Spec.Template, set.Status)
            : null;

    public async Task<IMetadataObject?> FindLiveAsync(NamespacedName name, CancellationToken cancellation) =>
        await api.FindAsync<ReplicaSet>(name, cancellation).ConfigureAwait(false);

    public IEnumerable<Pod> Related(ReplicaTarget target, IReadOnlyList<Pod> own) =>
        Owners.ControllerOf(target.Object.Metadata) is { } owner
            ? sets.ControlledBy(owner.Uid).SelectMany(s => pods.ControlledBy(s))
            : own;

    public Task WriteStatusAsync(ReplicaTarget target, ReplicaSetStatus status, CancellationToken cancellation) =>
        api.UpdateStatusAsync((ReplicaSet)target.Object with { Status = status }, cancellation);
}
