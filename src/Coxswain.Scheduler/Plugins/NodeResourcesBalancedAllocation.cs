namespace Coxswain.Scheduler.Plugins;

/// <summary>Prefers nodes whose CPU and memory would be used in like measure.</summary>
internal sealed class NodeResourcesBalancedAllocation : IScorePlugin
{
    public string Name => "NodeResourcesBalancedAllocation";

    /// <summary>Upstream leaves out pods that ask for nothing: they change no balance.</summary>
    public bool AppliesToScore(CycleContext cycle) => cycle.Pod.Requests is { MilliCpu: > 0 } or { Memory: > 0 };

    public long Score(CycleContext cycle, NodeInfo node)
    {
        if (node.Allocatable.MilliCpu == 0 || node.Allocatable.Memory == 0)
            return 0;
        var cpu = Math.Min(1, (double)(node.Requested.MilliCpu + cycle.Pod.Requests.MilliCpu) / node.Allocatable.MilliCpu);
        var memory = Math.Min(1, (double)(node.Requested.Memory + cycle.Pod.Requests.Memory) / node.Allocatable.Memory);
        // The standard deviation of two values is half of their distance.
        return (long)((1 - Math.Abs(cpu - memory) / 2) * IScorePlugin.MaxScore);
    }
}
