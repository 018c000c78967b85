using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods off nodes that are cordoned, unless they tolerate that.</summary>
internal sealed class NodeUnschedulable : IFilterPlugin
{
    private static readonly Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    public string Name => "NodeUnschedulable";

    public Rejection? Filter(CycleContext cycle, NodeInfo node) =>
        node.Node!.Spec.Unschedulable && !Tolerations.Tolerate(cycle.Pod.Pod.Spec.Tolerations, Cordon)
            ? new("node(s) were unschedulable", resolvable: false)
            : null;
}
