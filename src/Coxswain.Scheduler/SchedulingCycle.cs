using Coxswain.Scheduler.Plugins;

namespace Coxswain.Scheduler;

/// <summary>The outcome of one attempt: a node, or why there is none.</summary>
/// <param name="Node">Null: none.</param>
/// <param name="Message">Why there is none, in upstream's words; empty where there is one.</param>
/// <param name="Plugins">The plug-ins that ruled out nodes: what could help depends on them.</param>
public sealed record SchedulingResult(string? Node, string Message, IReadOnlySet<string> Plugins);

/// <summary>Places one pod: filters the nodes, scores those that are left, takes the best.</summary>
public sealed class SchedulingCycle(IReadOnlyList<IFilterPlugin> filters, IReadOnlyList<(IScorePlugin Plugin, int Weight)> scores, Random random)
{
    private const int FewNodes = 100;
    private int _next;

    /// <summary>Only under the state's gate.</summary>
    public SchedulingResult Run(PodInfo pod, ClusterState cluster)
    {
        var nodes = cluster.Nodes;
        if (nodes.Count == 0)
            return new(null, "no nodes available to schedule pods", new HashSet<string>());

        var cycle = new CycleContext(pod, cluster);
        var blockers = new HashSet<string>(StringComparer.Ordinal);
        var active = new List<IFilterPlugin>(filters.Count);
        foreach (var plugin in filters)
        {
            if (plugin.Prepare(cycle) is { } rejection)
            {
                blockers.Add(plugin.Name);
                return new(null, Explain(nodes.Count, rejection.Reasons.ToDictionary(r => r, _ => nodes.Count)), blockers);
            }

            if (plugin.Applies(cycle))
                active.Add(plugin);
        }

        // With many nodes a good one is good enough: the search ends when enough will do, and goes on from there next time.
        var wanted = Enough(nodes.Count);
        var feasible = new List<NodeInfo>(Math.Min(wanted, nodes.Count));
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        var looked = 0;
        for (; looked < nodes.Count && feasible.Count < wanted; looked++)
        {
            var node = nodes[(_next + looked) % nodes.Count];
            if (FirstRejection(active, cycle, node, blockers) is not { } rejection)
            {
                feasible.Add(node);
                continue;
            }

            foreach (var reason in rejection.Reasons)
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
        }

        _next = (_next + looked) % nodes.Count;
        return feasible.Count switch
        {
            0 => new(null, Explain(nodes.Count, reasons), blockers),
            1 => new(feasible[0].Name, "", blockers),
            _ => new(Best(cycle, feasible).Name, "", blockers),
        };
    }

    /// <summary>How many nodes that will do are enough: all up to a hundred, then a share that falls from half to a twentieth.</summary>
    internal static int Enough(int nodes) =>
        nodes < FewNodes ? nodes : Math.Max(FewNodes, nodes * Math.Max(5, 50 - nodes / 125) / 100);

    private static Rejection? FirstRejection(List<IFilterPlugin> active, CycleContext cycle, NodeInfo node, HashSet<string> blockers)
    {
        foreach (var plugin in active)
        {
            if (plugin.Filter(cycle, node) is { } rejection)
            {
                blockers.Add(plugin.Name);
                return rejection;
            }
        }

        return null;
    }

    private NodeInfo Best(CycleContext cycle, List<NodeInfo> feasible)
    {
        var totals = new long[feasible.Count];
        var own = new long[feasible.Count];
        foreach (var (plugin, weight) in scores)
        {
            plugin.PrepareScore(cycle, feasible);
            if (!plugin.AppliesToScore(cycle))
                continue;
            for (var i = 0; i < own.Length; i++)
                own[i] = plugin.Score(cycle, feasible[i]);
            plugin.Normalize(cycle, own);
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

    /// <summary>"0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."</summary>
    private static string Explain(int nodes, Dictionary<string, int> reasons) =>
        $"0/{nodes} nodes are available: {string.Join(", ", reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal))}.";
}
