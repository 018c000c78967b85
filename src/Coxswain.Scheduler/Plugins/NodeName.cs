namespace Coxswain.Scheduler.Plugins;

/// <summary>A pod that names its node goes there or nowhere.</summary>
internal sealed class NodeName : IFilterPlugin
{
    public string Name => "NodeName";

    public bool Applies(CycleContext cycle) => cycle.Pod.Pod.Spec.NodeName.Length > 0;

    public Rejection? Filter(CycleContext cycle, NodeInfo node) =>
        cycle.Pod.Pod.Spec.NodeName == node.Name ? null : new("node(s) didn't match the requested node name", resolvable: false);
}
