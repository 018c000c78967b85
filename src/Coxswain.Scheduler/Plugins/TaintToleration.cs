namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer taints that ask to be avoided.</summary>
internal sealed class TaintToleration : IFilterPlugin, IScorePlugin
{
    public string Name => "TaintToleration";

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        foreach (var taint in node.Node!.Spec.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerations.Tolerate(cycle.Pod.Pod.Spec.Tolerations, taint))
                return new($"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}", resolvable: false);
        }

        return null;
    }

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

    public void Normalize(CycleContext cycle, Span<long> scores) => IScorePlugin.Stretch(scores, reverse: true);
}
