using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer taints that ask to be avoided.</summary>
internal sealed class TaintToleration : IFilterPlugin, IScorePlugin
{
    // Upstream names no taint here: its key and value may be nobody's business.
    private static readonly Rejection Untolerated = new("node(s) had untolerated taint(s)", resolvable: false);

    public string Name => "TaintToleration";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded | EventKind.NodeTaints, (pod, change) =>
            change.After is Node after && Tolerations.Untolerated(after, pod.Pod) is null
            && (change.Before is not Node before || Tolerations.Untolerated(before, pod.Pod) is not null)),
    ];

    public Preparation Prepare(CycleContext cycle) => cycle.Cluster.TaintedNodes == 0 ? Preparation.Skip : Preparation.Go;

    public Rejection? Filter(CycleContext cycle, NodeInfo node) =>
        node.Node!.Spec.Taints.Count > 0 && Tolerations.Untolerated(node.Node, cycle.Pod.Pod) is not null ? Untolerated : null;

    public long Score(CycleContext cycle, NodeInfo node)
    {
        var avoided = 0;
        foreach (var taint in node.Node!.Spec.Taints)
        {
            if (taint.Effect == "PreferNoSchedule" && !Tolerations.Tolerate(cycle.Pod.Pod.Spec.Tolerations, taint))
                avoided++;
        }

        return avoided;
    }

    public void Normalize(CycleContext cycle, IReadOnlyList<NodeInfo> nodes, Span<long> scores) => IScorePlugin.Stretch(scores, reverse: true);
}
