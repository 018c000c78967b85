namespace Coxswain.Scheduler;

/// <summary>A rule of where a pod may or should go. Upstream's names, so that its configuration speaks of the same things.</summary>
/// <remarks>Stateless but for its arguments: what a cycle works out is kept in its <see cref="CycleContext"/>. Called under
/// <see cref="ClusterState.Gate"/>.</remarks>
public interface IPlugin
{
    string Name { get; }

    /// <summary>The changes of the cluster that could help a pod which this plug-in held back.</summary>
    IReadOnlyList<Interest> Interests => [];
}

/// <summary>Rules out nodes.</summary>
public interface IFilterPlugin : IPlugin
{
    /// <summary>Works out what is the same for all nodes.</summary>
    Preparation Prepare(CycleContext cycle) => Preparation.Go;

    /// <summary>Null: the node will do.</summary>
    Rejection? Filter(CycleContext cycle, NodeInfo node);

    /// <summary>What was worked out is to count with one more pod (or one less) on a node: trying what would be if.</summary>
    void PodMoved(CycleContext cycle, PodInfo pod, NodeInfo node, int by)
    {
    }
}

/// <summary>Prefers nodes.</summary>
public interface IScorePlugin : IPlugin
{
    const long MaxScore = 100;

    /// <summary>Works out what is the same for all nodes.</summary>
    /// <returns>False: nothing to say about this pod.</returns>
    bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes) => true;

    /// <summary>Any number; <see cref="Normalize"/> brings the numbers of all nodes into 0 to <see cref="MaxScore"/>.</summary>
    long Score(CycleContext cycle, NodeInfo node);

    void Normalize(CycleContext cycle, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
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

/// <summary>Keeps pods out of the queue.</summary>
public interface IEnqueuePlugin : IPlugin
{
    /// <summary>Null: the pod may be tried.</summary>
    string? Gate(PodInfo pod);
}

/// <summary>Does what must be done between the choice of a node and the binding.</summary>
public interface IBindPlugin : IPlugin
{
    /// <summary>Claims what the pod is going to need. Under the gate, right after the choice. Null: nothing, else what undoes it.</summary>
    IReservation? Reserve(CycleContext cycle, NodeInfo node);
}

/// <summary>What a plug-in has set aside for a pod.</summary>
public interface IReservation
{
    /// <summary>Makes it so in the API; returns when the pod can be bound.</summary>
    Task CommitAsync(CancellationToken cancellation);

    /// <summary>Gives it back. Under the gate.</summary>
    void Release();
}

/// <summary>What a plug-in found before it looked at single nodes.</summary>
public sealed class Preparation
{
    private Preparation()
    {
    }

    /// <summary>Nodes are to be looked at.</summary>
    public static Preparation Go { get; } = new();

    /// <summary>The plug-in has nothing to say about this pod.</summary>
    public static Preparation Skip { get; } = new();

    /// <summary>No node will do.</summary>
    public Rejection? Rejection { get; private init; }

    /// <summary>Only these nodes are worth a look; null: all.</summary>
    public IReadOnlySet<string>? Only { get; private init; }

    public static Preparation Reject(string reason, bool resolvable = false) => new() { Rejection = new(reason, resolvable) };

    public static Preparation Among(IReadOnlySet<string> nodes) => new() { Only = nodes };
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
