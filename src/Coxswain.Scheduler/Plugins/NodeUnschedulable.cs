using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods off nodes that are cordoned, unless they tolerate that.</summary>
internal sealed class NodeUnschedulable : IFilterPlugin
{
    private static readonly Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };
    private static readonly Rejection Cordoned = new("node(s) were unschedulable", resolvable: false);

    public string Name => "NodeUnschedulable";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded | EventKind.NodeTaints, (pod, change) =>
            change.After is not Node after || !after.Spec.Unschedulable || Tolerations.Tolerate(pod.Pod.Spec.Tolerations, Cordon)),
    ];

    public Rejection? Filter(CycleContext cycle, NodeInfo node) =>
        node.Node!.Spec.Unschedulable && !Tolerations.Tolerate(cycle.Pod.Pod.Spec.Tolerations, Cordon) ? Cordoned : null;
}
