using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Notices nodes that no longer speak, says so in their conditions and taints, and marks their pods as not ready.</summary>
/// <remarks>Each node is looked at when it changes and every monitor period. What a node's taints then do to its pods is the business of
/// <see cref="TaintEvictionController"/>.</remarks>
internal sealed class NodeLifecycleController(IApiClient api, Lister<Node> nodes, Lister<Lease> leases, Lister<Pod> pods, EventRecorder events,
    ControllerManagerOptions options, TimeProvider clock) : IReconciler
{
    private const string LeaseNamespace = "kube-node-lease";

    private static readonly string[] Observed =
        [NodeConditionType.Ready, NodeConditionType.MemoryPressure, NodeConditionType.DiskPressure, NodeConditionType.PIDPressure];

    private readonly NodeHealth _health = new(clock);
    private readonly EvictionPace _pace = new(clock);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    public static IReconciler Make(ControllerContext c)
    {
        PodIndex.AddTo(c.Informer<Pod>());
        return new NodeLifecycleController(c.Api, c.Lister<Node>(), LeasesOf(c).Lister, c.Lister<Pod>(), c.Events("node-controller"), c.Options, c.Clock);
    }

    /// <summary>Leases are only read: a node's renewal is no reason to look at it.</summary>
    private static Informer<Lease> LeasesOf(ControllerContext c) => c.Informers.Informer<Lease>(ns: LeaseNamespace);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (nodes.Find(name) is not { } node)
        {
            _health.Forget(name.Name);
            if (_known.TryRemove(name.Name, out var uid))
                events.Record(new() { Kind = "Node", ApiVersion = "v1", Name = name.Name, Uid = uid }, "Normal", "RemovingNode",
                    $"Node {name.Name} event: Removing Node {name.Name} from Controller");
            return ReconcileResult.Done;
        }
        if (_known.TryAdd(name.Name, node.Metadata.Uid))
            events.Normal(node, "RegisteredNode", $"Node {name.Name} event: Registered Node {name.Name} in Controller");

        node = await JudgeAsync(node, cancellation).ConfigureAwait(false);
        await TaintAsync(node, cancellation).ConfigureAwait(false);
        if (NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready)?.Status != ConditionStatus.True)
            await MarkPodsAsync(node, cancellation).ConfigureAwait(false);
        return ReconcileResult.After(options.NodeMonitorPeriod);
    }

    /// <summary>Turns the conditions of a node that has been silent too long to Unknown.</summary>
    private async Task<Node> JudgeAsync(Node node, CancellationToken cancellation)
    {
        var silence = _health.Silence(node, leases.Find(new(LeaseNamespace, node.Metadata.Name)));
        var ready = NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready);
        var now = clock.GetUtcNow();
        // One that has never spoken is given more time, from its creation on.
        var overdue = ready is null
            ? now - (node.Metadata.CreationTimestamp ?? now) > options.NodeStartupGracePeriod
            : silence > options.NodeMonitorGracePeriod;
        if (!overdue)
            return node;
        var conditions = node.Status.Conditions;
        foreach (var type in Observed)
            conditions = Silenced(conditions, type, node.Metadata.CreationTimestamp, now);
        if (conditions == node.Status.Conditions)
            return node;
        var updated = await api.UpdateStatusAsync(node with { Status = node.Status with { Conditions = conditions } }, cancellation).ConfigureAwait(false);
        if (ready?.Status == ConditionStatus.True)
            events.Normal(node, "NodeNotReady", $"Node {node.Metadata.Name} status is now: NodeNotReady");
        return updated;
    }

    private static ApiList<NodeCondition> Silenced(ApiList<NodeCondition> conditions, string type, DateTimeOffset? created, DateTimeOffset now)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type != type)
                continue;
            return conditions[i].Status == ConditionStatus.Unknown
                ? conditions
                : conditions.SetItem(i, conditions[i] with
                {
                    Status = ConditionStatus.Unknown,
                    Reason = "NodeStatusUnknown",
                    Message = "Kubelet stopped posting node status.",
                    LastTransitionTime = now,
                });
        }
        return conditions.Add(new()
        {
            Type = type,
            Status = ConditionStatus.Unknown,
            Reason = "NodeStatusNeverUpdated",
            Message = "Kubelet never posted node status.",
            LastHeartbeatTime = created,
            LastTransitionTime = now,
        });
    }

    private async Task TaintAsync(Node node, CancellationToken cancellation)
    {
        var ready = NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready)?.Status;
        var evicted = node.Spec.Taints.Any(t => t.Effect == TaintEffect.NoExecute && t.Key is NodeTaints.NotReady or NodeTaints.Unreachable);
        var evict = ready is ConditionStatus.False or ConditionStatus.Unknown && _pace.MayEvict(node, nodes.All(), IsUp, evicted);
        var taints = NodeTaints.Wanted(node, evict, clock.GetUtcNow());
        if (taints != node.Spec.Taints)
            await api.UpdateAsync(node with { Spec = node.Spec with { Taints = taints } }, cancellation).ConfigureAwait(false);
    }

    // Nodes that fall silent together are not found out at one moment: one that is nearly overdue does not count as well.
    private bool IsUp(Node node) =>
        NodeTaints.Condition(node.Status.Conditions, NodeConditionType.Ready)?.Status == ConditionStatus.True
        && _health.Silence(node, leases.Find(new(LeaseNamespace, node.Metadata.Name))) < options.NodeMonitorGracePeriod * 0.8;

    /// <summary>Nobody on a silent node can say that its pods do not serve any more, so it is said here.</summary>
    private async Task MarkPodsAsync(Node node, CancellationToken cancellation)
    {
        foreach (var pod in pods.ByIndex(PodIndex.ByNode, node.Metadata.Name))
        {
            var conditions = pod.Status.Conditions;
            for (var i = 0; i < conditions.Count; i++)
            {
                if (conditions[i] is not { Type: PodConditionType.Ready, Status: ConditionStatus.True })
                    continue;
                conditions = conditions.SetItem(i, conditions[i] with { Status = ConditionStatus.False, LastTransitionTime = clock.GetUtcNow() });
                events.Warning(pod, "NodeNotReady", "Node is not ready");
                try
                {
                    await api.UpdateStatusAsync(pod with { Status = pod.Status with { Conditions = conditions } }, cancellation).ConfigureAwait(false);
                }
                catch (ApiException gone) when (gone.Code == 404)
                {
                    break;
                }
            }
        }
    }
}
