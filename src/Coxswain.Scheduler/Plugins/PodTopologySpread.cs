using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Spreads pods of a kind evenly over topology domains: as a rule (DoNotSchedule) or as a preference (ScheduleAnyway).</summary>
/// <param name="defaults">For pods that have no constraints but belong to a service or a set; null: upstream's own.</param>
internal sealed class PodTopologySpread(IReadOnlyList<TopologySpreadConstraint>? defaults = null) : IFilterPlugin, IScorePlugin
{
    private const string Hostname = "kubernetes.io/hostname";

    private static readonly IReadOnlyList<TopologySpreadConstraint> SystemDefaults =
    [
        new() { TopologyKey = Hostname, WhenUnsatisfiable = "ScheduleAnyway", MaxSkew = 3 },
        new() { TopologyKey = "topology.kubernetes.io/zone", WhenUnsatisfiable = "ScheduleAnyway", MaxSkew = 5 },
    ];

    private static readonly Rejection NoLabel = new("node(s) didn't match pod topology spread constraints (missing required label)", resolvable: false);
    private static readonly Rejection Skewed = new("node(s) didn't match pod topology spread constraints");

    private readonly bool _systemDefaults = defaults is null;
    private readonly IReadOnlyList<TopologySpreadConstraint> _defaults = defaults ?? SystemDefaults;

    public string Name => "PodTopologySpread";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded | EventKind.NodeLabels | EventKind.NodeTaints),
        new(EventKind.PodAdded | EventKind.PodRemoved | EventKind.PodLabels, (pod, change) => Concerns(pod, change.Before) || Concerns(pod, change.After)),
    ];

    private static bool Concerns(PodInfo pod, object? other) => other is PodInfo moved && moved.Pod.Metadata.Namespace == pod.Pod.Metadata.Namespace
        && (pod.Pod.Spec.TopologySpreadConstraints.Count == 0
            || pod.Pod.Spec.TopologySpreadConstraints.Any(c => c.LabelSelector is not null && Api.Selectors.Selector.From(c.LabelSelector).Matches(moved.Pod.Metadata.Labels)));

    /// <summary>A hard constraint with the counts by domain, and what trying what would be if adds to them.</summary>
    private sealed class Hard(SpreadConstraint constraint, Dictionary<string, DomainCount> domains, bool countsEveryNode)
    {
        private Dictionary<string, int>? _moved;
        private int _least = -1;

        public SpreadConstraint Constraint { get; } = constraint;
        public bool CountsEveryNode { get; } = countsEveryNode;

        public int In(string domain) => domains.GetValueOrDefault(domain).Pods + (_moved is null ? 0 : _moved.GetValueOrDefault(domain));

        /// <summary>The fewest in any domain; 0 while there are fewer domains than asked for (KEP-3022).</summary>
        public int Least
        {
            get
            {
                if (_least >= 0)
                    return _least;
                if (domains.Count == 0 || domains.Count < (Constraint.Source.MinDomains ?? 1))
                    return _least = 0;
                var least = int.MaxValue;
                foreach (var (domain, count) in domains)
                    least = Math.Min(least, count.Pods + (_moved is null ? 0 : _moved.GetValueOrDefault(domain)));
                return _least = least;
            }
        }

        public void Move(string domain, int by)
        {
            _moved ??= new(StringComparer.Ordinal);
            _moved[domain] = _moved.GetValueOrDefault(domain) + by;
            _least = -1;
        }

        public Hard Copy() => new(Constraint, domains, CountsEveryNode) { _moved = _moved is null ? null : new(_moved, StringComparer.Ordinal), _least = _least };
    }

    private sealed class State(Hard[] constraints) : ICycleState
    {
        public Hard[] Constraints { get; } = constraints;

        public ICycleState Copy() => new State(Array.ConvertAll(Constraints, c => c.Copy()));
    }

    public Preparation Prepare(CycleContext cycle)
    {
        var constraints = ConstraintsOf(cycle, "DoNotSchedule", out _);
        if (constraints.Length == 0)
            return Preparation.Skip;
        var all = constraints.Select(c => c.Key).ToArray();
        var everywhere = HaveAllNodes(cycle, all);
        cycle.Keep(this, new State(Array.ConvertAll(constraints, c =>
        {
            var group = c.Group(cycle.Cluster);
            var everyNode = c.CountsEveryNode(cycle);
            return everywhere && everyNode ? new Hard(c, group.Domains(c.Key, cycle.Cluster), true) : new Hard(c, Count(cycle, c, group, all), everyNode);
        })));
        return Preparation.Go;
    }

    public void PodMoved(CycleContext cycle, PodInfo pod, NodeInfo node, int by)
    {
        if (cycle.Kept<State>(this) is not { } state)
            return;
        foreach (var hard in state.Constraints)
        {
            if (node.Label(hard.Constraint.Key) is not { } value)
                return;
        }

        foreach (var hard in state.Constraints)
        {
            if (hard.Constraint.Matches(pod) && (hard.CountsEveryNode || hard.Constraint.Counts(cycle, node)))
                hard.Move(node.Label(hard.Constraint.Key)!, by);
        }
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        foreach (var hard in cycle.Kept<State>(this)!.Constraints)
        {
            if (node.Label(hard.Constraint.Key) is not { } value)
                return NoLabel;
            var self = hard.Constraint.MatchesSelf ? 1 : 0;
            if (hard.In(value) + self - hard.Least > hard.Constraint.Source.MaxSkew)
                return Skewed;
        }

        return null;
    }

    private sealed record Soft(SpreadConstraint Constraint, PodGroup Group, Dictionary<string, DomainCount>? Domains, double Weight);

    private sealed record Scoring(Soft[] Constraints, bool NeedsAllKeys);

    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        var constraints = ConstraintsOf(cycle, "ScheduleAnyway", out var own);
        if (constraints.Length == 0)
            return false;
        var needsAllKeys = own || !_systemDefaults;
        var keys = constraints.Select(c => c.Key).ToArray();
        var counted = nodes.Count;
        var sizes = new int[constraints.Length];
        var seen = Array.ConvertAll(constraints, c => c.Key == Hostname ? null : new HashSet<string>(StringComparer.Ordinal));
        foreach (var node in nodes)
        {
            if (needsAllKeys && !HasAll(node, keys))
            {
                counted--;
                continue;
            }

            for (var i = 0; i < constraints.Length; i++)
            {
                if (seen[i] is { } values && node.Label(keys[i]) is { } value && values.Add(value))
                    sizes[i]++;
            }
        }

        var everywhere = !needsAllKeys || HaveAllNodes(cycle, keys);
        var soft = new Soft[constraints.Length];
        for (var i = 0; i < soft.Length; i++)
        {
            var c = constraints[i];
            var group = c.Group(cycle.Cluster);
            var domains = c.Key == Hostname ? null
                : everywhere && c.CountsEveryNode(cycle) ? group.Domains(c.Key, cycle.Cluster)
                : Count(cycle, c, group, needsAllKeys ? keys : []);
            // Many domains make small differences; the logarithm keeps a constraint over hosts from drowning one over zones.
            soft[i] = new(c, group, domains, Math.Log((c.Key == Hostname ? counted : sizes[i]) + 2));
        }

        cycle.KeepForScore(this, new Scoring(soft, needsAllKeys));
        return true;
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        var scoring = cycle.KeptForScore<Scoring>(this);
        if (IsIgnored(scoring, node))
            return 0;
        var score = 0.0;
        foreach (var soft in scoring.Constraints)
        {
            if (node.Label(soft.Constraint.Key) is not { } value)
                continue;
            var count = soft.Domains is null ? soft.Group.On(node) : soft.Domains.GetValueOrDefault(value).Pods;
            score += (count * soft.Weight) + (soft.Constraint.Source.MaxSkew - 1);
        }

        return (long)Math.Round(score, MidpointRounding.AwayFromZero);
    }

    public void Normalize(CycleContext cycle, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var scoring = cycle.KeptForScore<Scoring>(this);
        var (least, most) = (long.MaxValue, 0L);
        for (var i = 0; i < scores.Length; i++)
        {
            if (!IsIgnored(scoring, nodes[i]))
                (least, most) = (Math.Min(least, scores[i]), Math.Max(most, scores[i]));
        }

        for (var i = 0; i < scores.Length; i++)
            scores[i] = IsIgnored(scoring, nodes[i]) ? 0 : most == 0 ? IScorePlugin.MaxScore : IScorePlugin.MaxScore * (most + least - scores[i]) / most;
    }

    private SpreadConstraint[] ConstraintsOf(CycleContext cycle, string whenUnsatisfiable, out bool own)
    {
        var pod = cycle.Pod;
        own = pod.Pod.Spec.TopologySpreadConstraints.Count > 0;
        if (own)
        {
            List<SpreadConstraint>? constraints = null;
            foreach (var source in pod.Pod.Spec.TopologySpreadConstraints)
            {
                if (source.WhenUnsatisfiable == whenUnsatisfiable)
                    (constraints ??= []).Add(new(pod, source));
            }

            return constraints is null ? [] : [.. constraints];
        }

        if (!_defaults.Any(d => d.WhenUnsatisfiable == whenUnsatisfiable) || cycle.Cluster.Owners.SelectorFor(pod.Pod) is not { } selector)
            return [];
        return [.. _defaults.Where(d => d.WhenUnsatisfiable == whenUnsatisfiable).Select(d => new SpreadConstraint(pod, d, selector))];
    }

    private static bool IsIgnored(Scoring scoring, NodeInfo node)
    {
        if (!scoring.NeedsAllKeys)
            return false;
        foreach (var soft in scoring.Constraints)
        {
            if (node.Label(soft.Constraint.Key) is null)
                return true;
        }

        return false;
    }

    private static bool HasAll(NodeInfo node, string[] keys)
    {
        foreach (var key in keys)
        {
            if (node.Label(key) is null)
                return false;
        }

        return true;
    }

    private static bool HaveAllNodes(CycleContext cycle, string[] keys) => Array.TrueForAll(keys, cycle.Cluster.AllNodesHave);

    /// <summary>Node by node, where not every node's domain counts.</summary>
    private static Dictionary<string, DomainCount> Count(CycleContext cycle, SpreadConstraint constraint, PodGroup group, string[] needed)
    {
        var domains = new Dictionary<string, DomainCount>(StringComparer.Ordinal);
        foreach (var node in cycle.Cluster.Nodes)
        {
            if (node.Label(constraint.Key) is not { } value || !HasAll(node, needed) || !constraint.Counts(cycle, node))
                continue;
            var count = domains.GetValueOrDefault(value);
            domains[value] = new(count.Pods + group.On(node), count.Nodes + 1);
        }

        return domains;
    }
}
