using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Spreads pods of a kind evenly over topology domains: as a rule (DoNotSchedule) or as a preference (ScheduleAnyway).</summary>
internal sealed class PodTopologySpread : IFilterPlugin, IScorePlugin
{
    public string Name => "PodTopologySpread";

    private sealed class Constraint(TopologySpreadConstraint source, Selector selector)
    {
        public TopologySpreadConstraint Source { get; } = source;
        public Selector Selector { get; } = selector;
        public Dictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

        /// <summary>The fewest in any domain; 0 while there are fewer domains than asked for (KEP-3022).</summary>
        public int Least => Counts.Count == 0 || Counts.Count < (Source.MinDomains ?? 1) ? 0 : Counts.Values.Min();
    }

    private sealed record Constraints(List<Constraint> All);

    public Rejection? Prepare(CycleContext cycle)
    {
        cycle.Keep(this, new Constraints(Count(cycle, "DoNotSchedule")));
        return null;
    }

    public bool Applies(CycleContext cycle) => cycle.Kept<Constraints>(this)!.All.Count > 0;

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        foreach (var constraint in cycle.Kept<Constraints>(this)!.All)
        {
            if (node.Label(constraint.Source.TopologyKey) is not { } value)
                return new("node(s) didn't match pod topology spread constraints (missing required label)", resolvable: false);
            var self = constraint.Selector.Matches(cycle.Pod.Pod.Metadata.Labels) ? 1 : 0;
            if (constraint.Counts.GetValueOrDefault(value) + self - constraint.Least > constraint.Source.MaxSkew)
                return new("node(s) didn't match pod topology spread constraints");
        }

        return null;
    }

    public void PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes) =>
        cycle.Keep(new ScoreKey(), new Constraints(Count(cycle, "ScheduleAnyway")));

    public bool AppliesToScore(CycleContext cycle) => cycle.Kept<Constraints>(new ScoreKey())!.All.Count > 0;

    public long Score(CycleContext cycle, NodeInfo node)
    {
        var score = 0.0;
        foreach (var constraint in cycle.Kept<Constraints>(new ScoreKey())!.All)
        {
            // Many domains make small differences; the logarithm keeps a constraint over hosts from drowning one over zones.
            if (node.Label(constraint.Source.TopologyKey) is { } value)
                score += constraint.Counts.GetValueOrDefault(value) * Math.Log(constraint.Counts.Count + 2) + (constraint.Source.MaxSkew - 1);
        }

        return (long)Math.Round(score);
    }

    public void Normalize(CycleContext cycle, Span<long> scores)
    {
        var (least, most) = (long.MaxValue, 0L);
        foreach (var score in scores)
            (least, most) = (Math.Min(least, score), Math.Max(most, score));
        for (var i = 0; i < scores.Length; i++)
            scores[i] = most == 0 ? IScorePlugin.MaxScore : IScorePlugin.MaxScore * (most + least - scores[i]) / most;
    }

    private static List<Constraint> Count(CycleContext cycle, string whenUnsatisfiable)
    {
        var pod = cycle.Pod.Pod;
        var constraints = new List<Constraint>();
        foreach (var source in pod.Spec.TopologySpreadConstraints)
        {
            if (source.WhenUnsatisfiable != whenUnsatisfiable)
                continue;
            var requirements = Selector.From(source.LabelSelector).Requirements.ToList();
            foreach (var key in source.MatchLabelKeys)
            {
                if (pod.Metadata.Labels.TryGetValue(key, out var value))
                    requirements.Add(Selector.Parse($"{key}={value}").Requirements[0]);
            }

            constraints.Add(new(source, source.LabelSelector is null ? Selector.Nothing : Selector.FromRequirements(requirements)));
        }

        if (constraints.Count == 0)
            return constraints;
        foreach (var node in cycle.Cluster.Nodes)
        {
            foreach (var constraint in constraints)
            {
                if (node.Label(constraint.Source.TopologyKey) is not { } value || !IsCounted(constraint.Source, pod, node.Node!))
                    continue;
                var matching = 0;
                foreach (var other in node.Pods)
                {
                    if (other.Pod.Metadata.Namespace == pod.Metadata.Namespace && other.Pod.Metadata.DeletionTimestamp is null && constraint.Selector.Matches(other.Pod.Metadata.Labels))
                        matching++;
                }

                constraint.Counts[value] = constraint.Counts.GetValueOrDefault(value) + matching;
            }
        }

        return constraints;
    }

    /// <summary>KEP-3094: which nodes' domains count.</summary>
    private static bool IsCounted(TopologySpreadConstraint constraint, Pod pod, Node node)
    {
        if ((constraint.NodeAffinityPolicy ?? "Honor") == "Honor" && !NodeAffinity.Matches(pod, node))
            return false;
        return (constraint.NodeTaintsPolicy ?? "Ignore") != "Honor"
            || node.Spec.Taints.All(t => t.Effect is not ("NoSchedule" or "NoExecute") || Tolerations.Tolerate(pod.Spec.Tolerations, t));
    }

    private sealed class ScoreKey : IPlugin
    {
        public string Name => "PodTopologySpread/score";
    }
}
