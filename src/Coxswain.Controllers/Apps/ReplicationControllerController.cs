using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>ReplicationControllers for <see cref="ReplicaReconciler"/>: the same as ReplicaSets under older names.</summary>
internal sealed class ReplicationControllerController(IApiClient api, Lister<ReplicationController> sets) : IReplicaKind
{
    public static IReconciler Make(ControllerContext c)
    {
        var pods = c.Informer<Pod>().IndexByController();
        var kind = new ReplicationControllerController(c.Api, c.Lister<ReplicationController>());
        return new ReplicaReconciler(kind, c.Api, pods, new(pods, c.Clock), new(c.Api, c.Events("replication-controller")), c.Clock);
    }

    /// <summary>An orphaned pod wakes the controllers that would adopt it.</summary>
    public static IEnumerable<NamespacedName> WouldAdopt(ControllerContext c, Pod pod) =>
        Owners.ControllerOf(pod.Metadata) is not null || pod.Metadata.Labels.Count == 0
            ? []
            : c.Lister<ReplicationController>().List(pod.Metadata.Namespace)
                .Where(s => s.Spec.Selector.Count > 0 && SelectorOf(s).Matches(pod.Metadata.Labels)).Select(s => s.FullName());

    public ReplicaTarget? Find(NamespacedName name) =>
        sets.Find(name) is { Spec: { Template: { } template, Selector.Count: > 0 } } set
            ? new(set, set.Spec.Replicas ?? 1, set.Spec.MinReadySeconds, SelectorOf(set), template, Convert(set.Status))
            : null;

    public async Task<IMetadataObject?> FindLiveAsync(NamespacedName name, CancellationToken cancellation) =>
        await api.FindAsync<ReplicationController>(name, cancellation).ConfigureAwait(false);

    public IEnumerable<Pod> Related(ReplicaTarget target, IReadOnlyList<Pod> own) => own;

    public async Task WriteStatusAsync(ReplicaTarget target, ReplicaSetStatus status, CancellationToken cancellation)
    {
        var set = (ReplicationController)target.Object;
        // A ReplicaSet's status says more than this one can hold.
        if (Convert(status) is var converted && converted != set.Status)
            await api.UpdateStatusAsync(set with { Status = converted }, cancellation).ConfigureAwait(false);
    }

    private static Selector SelectorOf(ReplicationController set) => Selector.From(new() { MatchLabels = set.Spec.Selector });

    private static ReplicaSetStatus Convert(ReplicationControllerStatus status) => new()
    {
        Replicas = status.Replicas,
        FullyLabeledReplicas = status.FullyLabeledReplicas,
        ReadyReplicas = status.ReadyReplicas,
        AvailableReplicas = status.AvailableReplicas,
        ObservedGeneration = status.ObservedGeneration,
        Conditions = status.Conditions.Select(c => new ReplicaSetCondition
        {
            Type = c.Type, Status = c.Status, LastTransitionTime = c.LastTransitionTime, Reason = c.Reason, Message = c.Message,
        }).ToApiList(),
    };

    private static ReplicationControllerStatus Convert(ReplicaSetStatus status) => new()
    {
        Replicas = status.Replicas,
        FullyLabeledReplicas = status.FullyLabeledReplicas,
        ReadyReplicas = status.ReadyReplicas,
        AvailableReplicas = status.AvailableReplicas,
        ObservedGeneration = status.ObservedGeneration,
        Conditions = status.Conditions.Select(c => new ReplicationControllerCondition
        {
            Type = c.Type, Status = c.Status, LastTransitionTime = c.LastTransitionTime, Reason = c.Reason, Message = c.Message,
        }).ToApiList(),
    };
}
