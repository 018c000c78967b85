namespace Coxswain.Scheduler.Plugins;

/// <summary>Prefers nodes whose resources would be used in like measure.</summary>
internal sealed class NodeResourcesBalancedAllocation(IReadOnlyList<ResourceWeight>? resources = null) : IScorePlugin
{
    private readonly ResourceWeight[] _resources = [.. resources ?? ResourceStrategy.DefaultResources];

    public string Name => "NodeResourcesBalancedAllocation";

    /// <summary>Pods that ask for nothing change no balance.</summary>
    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        foreach (var resource in _resources)
        {
            if (cycle.Pod.Requests.Of(resource.Name) > 0)
                return true;
        }

        return false;
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        Span<double> shares = stackalloc double[_resources.Length];
        var (count, sum) = (0, 0.0);
        foreach (var resource in _resources)
        {
            var wanted = cycle.Pod.Requests.Of(resource.Name);
            var allocatable = node.Allocatable.Of(resource.Name);
            if (allocatable == 0 || (wanted == 0 && resource.Name is not ("cpu" or "memory" or "ephemeral-storage")))
                continue;
            var share = Math.Min(1, (double)(node.Requested.Of(resource.Name) + wanted) / allocatable);
            shares[count++] = share;
            sum += share;
        }

        var deviation = 0.0;
        if (count == 2)
        {
            deviation = Math.Abs((shares[0] - shares[1]) / 2);
        }
        else if (count > 2)
        {
            var mean = sum / count;
            foreach (var share in shares[..count])
                deviation += (share - mean) * (share - mean);
            deviation = Math.Sqrt(deviation / count);
        }

        return (long)((1 - deviation) * IScorePlugin.MaxScore);
    }
}
