namespace Coxswain.Scheduler.Plugins;

/// <summary>A resource and how much it counts.</summary>
public sealed record ResourceWeight(string Name, long Weight);

/// <summary>A point of the line by which use becomes a score: percent of use, score of 0 to 10.</summary>
public sealed record UtilizationPoint(int Utilization, int Score);

/// <summary>How NodeResourcesFit scores a node by what would be in use on it.</summary>
public sealed class ResourceStrategy
{
    private readonly ResourceWeight[] _resources;
    private readonly Func<long, long, long> _score;
    private readonly bool _leavesOutZero;

    private ResourceStrategy(IReadOnlyList<ResourceWeight> resources, Func<long, long, long> score, bool leavesOutZero) =>
        (_resources, _score, _leavesOutZero) = ([.. resources], score, leavesOutZero);

    public static IReadOnlyList<ResourceWeight> DefaultResources { get; } = [new("cpu", 1), new("memory", 1)];

    /// <summary>The emptier, the better.</summary>
    public static ResourceStrategy LeastAllocated(IReadOnlyList<ResourceWeight> resources) =>
        new(resources, static (requested, capacity) => requested > capacity ? 0 : (capacity - requested) * IScorePlugin.MaxScore / capacity, false);

    /// <summary>The fuller, the better.</summary>
    public static ResourceStrategy MostAllocated(IReadOnlyList<ResourceWeight> resources) =>
        new(resources, static (requested, capacity) => Math.Min(requested, capacity) * IScorePlugin.MaxScore / capacity, false);

    /// <summary>By a line through points.</summary>
    /// <param name="shape">In ascending order of use.</param>
    public static ResourceStrategy RequestedToCapacityRatio(IReadOnlyList<ResourceWeight> resources, IReadOnlyList<UtilizationPoint> shape)
    {
        var points = shape.Select(p => (X: (long)p.Utilization, Y: p.Score * (IScorePlugin.MaxScore / 10))).ToArray();
        return new(resources, (requested, capacity) => At(points, requested > capacity ? 100 : requested * 100 / capacity), true);
    }

    public long Score(PodInfo pod, NodeInfo node)
    {
        var (score, weights) = (0L, 0L);
        foreach (var resource in _resources)
        {
            var (requested, capacity) = AmountsOf(resource.Name, pod, node);
            if (capacity == 0)
                continue;
            var own = _score(requested, capacity);
            if (_leavesOutZero && own <= 0)
                continue;
            score += own * resource.Weight;
            weights += resource.Weight;
        }

        if (weights == 0)
            return 0;
        return _leavesOutZero ? (long)Math.Round((double)score / weights, MidpointRounding.AwayFromZero) : score / weights;
    }

    private static (long Requested, long Capacity) AmountsOf(string resource, PodInfo pod, NodeInfo node)
    {
        switch (resource)
        {
            case "cpu":
                return (node.ScoringRequested.MilliCpu + pod.ScoringRequests.MilliCpu, node.Allocatable.MilliCpu);
            case "memory":
                return (node.ScoringRequested.Memory + pod.ScoringRequests.Memory, node.Allocatable.Memory);
            case "ephemeral-storage":
                return (node.Requested.EphemeralStorage + pod.Requests.EphemeralStorage, node.Allocatable.EphemeralStorage);
            default:
                // Devices that the pod does not ask for say nothing about where it belongs.
                return pod.Requests.Extended.GetValueOrDefault(resource) is > 0 and var wanted
                    ? (node.Requested.Extended(resource) + wanted, node.Allocatable.Extended.GetValueOrDefault(resource))
                    : (0, 0);
        }
    }

    private static long At((long X, long Y)[] points, long x)
    {
        for (var i = 0; i < points.Length; i++)
        {
            if (x > points[i].X)
                continue;
            if (i == 0)
                return points[0].Y;
            var (from, to) = (points[i - 1], points[i]);
            return from.Y + ((to.Y - from.Y) * (x - from.X) / (to.X - from.X));
        }

        return points[^1].Y;
    }
}
