namespace Coxswain.Scheduler;

/// <summary>What a plug-in has worked out and what must be copied before trying what would be if.</summary>
public interface ICycleState
{
    ICycleState Copy();
}

/// <summary>One attempt to place one pod: the pod, the cluster, and what plug-ins have worked out.</summary>
public sealed class CycleContext(PodInfo pod, ClusterState cluster)
{
    private readonly Dictionary<IPlugin, object> _prepared = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<IPlugin, object> _scores = new(ReferenceEqualityComparer.Instance);

    public PodInfo Pod { get; } = pod;
    public ClusterState Cluster { get; } = cluster;

    /// <summary>Filters that have something to say about this pod.</summary>
    public List<IFilterPlugin> Filters { get; init; } = [];

    public void Keep(IPlugin plugin, object state) => _prepared[plugin] = state;

    public T? Kept<T>(IPlugin plugin) where T : class => _prepared.TryGetValue(plugin, out var state) ? (T)state : null;

    /// <summary>Filtering and scoring keep different things.</summary>
    public void KeepForScore(IPlugin plugin, object state) => _scores[plugin] = state;

    public T KeptForScore<T>(IPlugin plugin) where T : class => (T)_scores[plugin];

    /// <summary>The same, in which pods can be moved about without changing this one.</summary>
    public CycleContext Copy()
    {
        var copy = new CycleContext(Pod, Cluster) { Filters = Filters };
        foreach (var (plugin, state) in _prepared)
            copy._prepared[plugin] = state is ICycleState changing ? changing.Copy() : state;
        return copy;
    }

    /// <summary>Puts a pod on a node (1), or takes it away (-1), in a copy of this and of the node.</summary>
    public void Move(PodInfo pod, NodeInfo node, int by)
    {
        if (by > 0)
            node.Add(pod);
        else
            node.Remove(pod.Uid);
        foreach (var plugin in Filters)
            plugin.PodMoved(this, pod, node, by);
    }
}
