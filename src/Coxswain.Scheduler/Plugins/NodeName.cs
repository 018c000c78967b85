namespace Coxswain.Scheduler.Plugins;

/// <summary>A pod that names its node goes there or nowhere.</summary>
internal sealed class NodeName : IFilterPlugin
{
    private static readonly Rejection Other = new("node(s) didn't match the requested node name", resolvable: false);

    public string Name => "NodeName";

    public IReadOnlyList<Interest> Interests { get; } = [new(EventKind.NodeAdded)];

    public Preparation Prepare(CycleContext cycle) => cycle.Pod.Pod.Spec.NodeName.Length > 0 ? Preparation.Go : Preparation.Skip;

    public Rejection? Filter(CycleContext cycle, NodeInfo node) => cycle.Pod.Pod.Spec.NodeName == node.Name ? null : Other;
}
