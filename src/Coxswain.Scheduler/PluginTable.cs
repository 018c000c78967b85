using Coxswain.Scheduler.Plugins;

namespace Coxswain.Scheduler;

/// <summary>Every plug-in of the scheduler in the order in which they are asked, with upstream's default weights.</summary>
public static class PluginTable
{
    public static IReadOnlyList<IFilterPlugin> Filters { get; }

    public static IReadOnlyList<(IScorePlugin Plugin, int Weight)> Scores { get; }

    static PluginTable()
    {
        var (taints, affinity, fit, spread, pods) = (new TaintToleration(), new NodeAffinity(), new NodeResourcesFit(), new PodTopologySpread(), new InterPodAffinity());
        Filters = [new NodeUnschedulable(), new NodeName(), taints, affinity, new NodePorts(), fit, spread, pods];
        Scores = [(taints, 3), (affinity, 2), (fit, 1), (spread, 2), (pods, 2), (new NodeResourcesBalancedAllocation(), 1), (new ImageLocality(), 1)];
    }
}
