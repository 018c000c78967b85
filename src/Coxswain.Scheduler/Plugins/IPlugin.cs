namespace Coxswain.Scheduler.Plugins;

/// <summary>A rule of where a pod may or should go. Upstream's names, so that its configuration speaks of the same things.</summary>
/// <remarks>Stateless: what a cycle works out is kept in its <see cref="CycleContext"/>. Called under <see cref="ClusterState.Gate"/>.</remarks>
public interface IPlugin
{
    string Name { get; }
}

/// <summary>Rules out nodes.</summary>
public interface IFilterPlugin : IPlugin
{
    /// <summary>Works out what is the same for all nodes. Null: go on; otherwise the reason why no node will do.</summary>
    Rejection? Prepare(CycleContext cycle) => null;

    /// <summary>Whether this plug-in has anything to say about this pod; asked after <see cref="Prepare"/>.</summary>
    bool Applies(CycleContext cycle) => true;

    /// <summary>Null: the node will do.</summary>
    Rejection? Filter(CycleContext cycle, NodeInfo node);
}

/// <summary>Prefers nodes.</summary>
public interface IScorePlugin : IPlugin
{
    const long MaxScore = 100;

    void PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
    }

    bool AppliesToScore(CycleContext cycle) => true;

    /// <summary>Any number; <see cref="Normalize"/> brings the numbers of all nodes into 0 to <see cref="MaxScore"/>.</summary>
    long Score(CycleContext cycle, NodeInfo node);

    void Normalize(CycleContext cycle, Span<long> scores)
    {
    }

    /// <summary>Stretches the scores so that the greatest becomes <see cref="MaxScore"/>; reversed, so that it becomes 0.</summary>
    static void Stretch(Span<long> scores, bool reverse)
    {
        long greatest = 0;
        foreach (var score in scores)
            greatest = Math.Max(greatest, score);
        for (var i = 0; i < scores.Length; i++)
        {
            var stretched = greatest == 0 ? 0 : scores[i] * MaxScore / greatest;
            scores[i] = reverse ? MaxScore - stretched : stretched;
        }
    }
}

/// <summary>Why a node, or every node, will not do.</summary>
/// <param name="Reasons">In the words that users see and count: <c>Insufficient cpu</c>.</param>
/// <param name="Resolvable">Whether removing pods from the node could help.</param>
public sealed record Rejection(IReadOnlyList<string> Reasons, bool Resolvable = true)
{
    public Rejection(string reason, bool resolvable = true)
        : this([reason], resolvable)
    {
    }
}

/// <summary>One attempt to place one pod: the pod, the cluster, and what plug-ins have worked out.</summary>
public sealed class CycleContext(PodInfo pod, ClusterState cluster)
{
    private readonly Dictionary<string, object> _prepared = new(StringComparer.Ordinal);

    public PodInfo Pod { get; } = pod;
    public ClusterState Cluster { get; } = cluster;

    public void Keep<T>(IPlugin plugin, T value) where T : class => _prepared[plugin.Name] = value;

    public T? Kept<T>(IPlugin plugin) where T : class => (T?)_prepared.GetValueOrDefault(plugin.Name);
}
