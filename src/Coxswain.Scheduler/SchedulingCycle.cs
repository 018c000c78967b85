using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler;

/// <summary>The nodes that will do for a pod, or why none will.</summary>
public sealed record FilterResult(CycleContext Cycle, List<NodeInfo> Feasible, Diagnosis Diagnosis);

/// <summary>Places one pod: filters the nodes, scores those that are left, takes the best.</summary>
/// <remarks>Only under the state's gate, one attempt at a time.</remarks>
public sealed class SchedulingCycle(Profile profile, Random random)
{
    private const int FewNodes = 100;

    private long[] _totals = [];
    private long[] _own = [];
    private int _next;

    /// <summary>How many would do last time: most likely as many as this time.</summary>
    private int _found;

    public Profile Profile => profile;

    /// <summary>Filters and, where several will do, scores.</summary>
    public (NodeInfo? Node, FilterResult Result) Run(PodInfo pod, ClusterState cluster)
    {
        var result = Filter(pod, cluster);
        return (result.Feasible.Count == 0 ? null : Best(result.Cycle, result.Feasible), result);
    }

    public FilterResult Filter(PodInfo pod, ClusterState cluster)
    {
        var nodes = cluster.Nodes;
        var diagnosis = new Diagnosis(nodes.Count);
        var cycle = new CycleContext(pod, cluster);
        var result = new FilterResult(cycle, [], diagnosis);
        if (nodes.Count == 0 || !Prepare(cycle, diagnosis, out var only))
            return result;

        // Where room was made for the pod is looked at first, and is enough.
        var nominated = cluster.Nominations.NodeOf(pod.Uid) ?? pod.Pod.Status.NominatedNodeName;
        if (nominated.Length > 0 && only?.Contains(nominated) != false && cluster.Find(nominated) is { } promised && FilterNode(cycle, promised, out _) is null)
        {
            result.Feasible.Add(promised);
            return result;
        }

        if (only is not null)
        {
            foreach (var name in only)
            {
                if (cluster.Find(name) is { } node)
                    Look(node);
            }

            return result;
        }

        result.Feasible.EnsureCapacity(Math.Min(_found + 8, nodes.Count));

        // With many nodes a good one is good enough: the search ends when enough will do, and goes on from there next time.
        var wanted = Enough(nodes.Count, profile.PercentageOfNodesToScore);
        var looked = 0;
        var at = _next % nodes.Count;
        for (; looked < nodes.Count && result.Feasible.Count < wanted; looked++)
        {
            Look(nodes[at]);
            at = at + 1 == nodes.Count ? 0 : at + 1;
        }

        _next = at;
        _found = result.Feasible.Count;
        return result;

        void Look(NodeInfo node)
        {
            if (FilterNode(cycle, node, out var plugin) is not { } rejection)
            {
                result.Feasible.Add(node);
                return;
            }

            diagnosis.Plugins.Add(plugin);
            diagnosis.Add(node, rejection);
        }
    }

    /// <summary>The best of nodes that will do.</summary>
    /// <param name="extra">Points of extenders for each node; empty: none.</param>
    public NodeInfo Best(CycleContext cycle, IReadOnlyList<NodeInfo> feasible, ReadOnlySpan<long> extra = default)
    {
        if (feasible.Count == 1)
            return feasible[0];
        if (_totals.Length < feasible.Count)
            (_totals, _own) = (new long[feasible.Count * 2], new long[feasible.Count * 2]);
        var totals = _totals.AsSpan(0, feasible.Count);
        var own = _own.AsSpan(0, feasible.Count);
        totals.Clear();
        extra.CopyTo(totals);
        foreach (var (plugin, weight) in profile.Scores)
        {
            if (!plugin.PrepareScore(cycle, feasible))
                continue;
            for (var i = 0; i < own.Length; i++)
                own[i] = plugin.Score(cycle, feasible[i]);
            plugin.Normalize(cycle, feasible, own);
            for (var i = 0; i < own.Length; i++)
                totals[i] += own[i] * weight;
        }

        // Among equals by chance, so that nodes fill evenly.
        var (best, equals) = (0, 1);
        for (var i = 1; i < totals.Length; i++)
        {
            if (totals[i] > totals[best])
                (best, equals) = (i, 1);
            else if (totals[i] == totals[best] && random.Next(++equals) == 0)
                best = i;
        }

        return feasible[best];
    }

    /// <summary>Looks for pods that could leave so that this one fits. Says in the diagnosis why there are none.</summary>
    public IReadOnlyList<PreemptionCandidate> Candidates(FilterResult result, IReadOnlyList<Api.Policy.V1.PodDisruptionBudget> budgets, DateTimeOffset now) =>
        profile.Preemption is { } preemption ? preemption.Candidates(this, result, budgets, random, now) : [];

    /// <summary>How many nodes that will do are enough: all up to a hundred, then a share that falls from half to a twentieth.</summary>
    /// <param name="percentage">The share; 0: as above.</param>
    internal static int Enough(int nodes, int percentage = 0)
    {
        if (nodes < FewNodes)
            return nodes;
        if (percentage == 0)
            percentage = Math.Max(5, 50 - (nodes / 125));
        return Math.Max(FewNodes, (int)((long)nodes * percentage / 100));
    }

    /// <summary>Why a node will not do; also with pods on it for which room was made there and that are as important.</summary>
    internal static Rejection? FilterNode(CycleContext cycle, NodeInfo node, out string plugin)
    {
        var promised = cycle.Cluster.Nominations.On(node.Name);
        if (promised.Count > 0)
        {
            (CycleContext Cycle, NodeInfo Node)? with = null;
            foreach (var pod in promised)
            {
                if (pod.Priority < cycle.Pod.Priority || pod.Uid == cycle.Pod.Uid || node.Has(pod.Uid))
                    continue;
                with ??= (cycle.Copy(), node.Copy());
                with.Value.Cycle.Move(pod, with.Value.Node, 1);
            }

            // They may leave again or never come: both with and without them the pod must fit.
            if (with is { } crowded && RunFilters(crowded.Cycle, crowded.Node, out plugin) is { } rejection)
                return rejection;
        }

        return RunFilters(cycle, node, out plugin);
    }

    private static Rejection? RunFilters(CycleContext cycle, NodeInfo node, out string plugin)
    {
        foreach (var filter in cycle.Filters)
        {
            if (filter.Filter(cycle, node) is { } rejection)
            {
                plugin = filter.Name;
                return rejection;
            }
        }

        plugin = "";
        return null;
    }

    private bool Prepare(CycleContext cycle, Diagnosis diagnosis, out IReadOnlySet<string>? only)
    {
        only = null;
        var narrowing = new List<string>();
        foreach (var plugin in profile.Filters)
        {
            var preparation = plugin.Prepare(cycle);
            if (preparation.Rejection is { } rejection)
            {
                diagnosis.Plugins.Add(plugin.Name);
                diagnosis.NoLook = string.Join(", ", rejection.Reasons);
                return false;
            }

            if (ReferenceEquals(preparation, Preparation.Skip))
                continue;
            cycle.Filters.Add(plugin);
            if (preparation.Only is not { } nodes)
                continue;
            narrowing.Add(plugin.Name);
            only = only is null ? nodes : only.Intersect(nodes).ToHashSet(StringComparer.Ordinal);
        }

        if (narrowing.Count == 0)
            return true;
        foreach (var plugin in narrowing)
            diagnosis.Plugins.Add(plugin);
        diagnosis.Absent = $"node(s) didn't satisfy plugin(s) [{string.Join(' ', narrowing.Order(StringComparer.Ordinal))}]";
        return true;
    }
}
