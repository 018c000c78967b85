namespace Coxswain.Scheduler.Plugins;

/// <summary>Pods that want to be near other pods, or away from them, in terms of a topology such as zones or hosts.</summary>
internal sealed class InterPodAffinity : IFilterPlugin, IScorePlugin
{
    private const int HardAffinityWeight = 1;

    public string Name => "InterPodAffinity";

    private sealed class Counts
    {
        /// <summary>Topology domains where a pod is that keeps this one away.</summary>
        public HashSet<(string Key, string Value)> Hostile { get; } = [];

        /// <summary>For each of the pod's own anti-affinity terms, the domains where a pod is that it speaks of.</summary>
        public HashSet<(int Term, string Value)> Avoided { get; } = [];

        /// <summary>For each of the pod's own affinity terms, the domains where a pod is that it speaks of.</summary>
        public HashSet<(int Term, string Value)> Wanted { get; } = [];
    }

    public Rejection? Prepare(CycleContext cycle)
    {
        var counts = new Counts();
        var pod = cycle.Pod;
        foreach (var node in cycle.Cluster.Nodes)
        {
            if (node.PodsWithAntiAffinity > 0)
            {
                foreach (var other in node.Pods)
                {
                    foreach (var term in other.RequiredAntiAffinity)
                    {
                        if (node.Label(term.TopologyKey) is { } value && term.Matches(pod.Pod, cycle.Cluster.NamespaceLabels))
                            counts.Hostile.Add((term.TopologyKey, value));
                    }
                }
            }

            Collect(counts.Avoided, pod.RequiredAntiAffinity, node);
            Collect(counts.Wanted, pod.RequiredAffinity, node);
        }

        cycle.Keep(this, counts);
        return null;

        void Collect(HashSet<(int, string)> into, IReadOnlyList<AffinityTerm> terms, NodeInfo node)
        {
            for (var i = 0; i < terms.Count; i++)
            {
                if (node.Label(terms[i].TopologyKey) is not { } value || into.Contains((i, value)))
                    continue;
                foreach (var other in node.Pods)
                {
                    // A pod counts for affinity only where it matches all terms at once, as upstream has it.
                    if (ReferenceEquals(terms, pod.RequiredAffinity) ? terms.All(t => t.Matches(other.Pod, cycle.Cluster.NamespaceLabels)) : terms[i].Matches(other.Pod, cycle.Cluster.NamespaceLabels))
                    {
                        into.Add((i, value));
                        break;
                    }
                }
            }
        }
    }

    public bool Applies(CycleContext cycle) =>
        cycle.Pod.RequiredAffinity.Count > 0 || cycle.Pod.RequiredAntiAffinity.Count > 0 || cycle.Kept<Counts>(this)!.Hostile.Count > 0;

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        var counts = cycle.Kept<Counts>(this)!;
        var affinity = cycle.Pod.RequiredAffinity;
        var fits = true;
        for (var i = 0; i < affinity.Count; i++)
        {
            if (node.Label(affinity[i].TopologyKey) is not { } value)
                return new("node(s) didn't match pod affinity rules", resolvable: false);
            fits &= counts.Wanted.Contains((i, value));
        }

        // The first pod of a group that wants to be together has nobody to be with: it may go anywhere that has the keys.
        if (!fits && !(counts.Wanted.Count == 0 && affinity.All(t => t.Matches(cycle.Pod.Pod, cycle.Cluster.NamespaceLabels))))
            return new("node(s) didn't match pod affinity rules", resolvable: false);

        for (var i = 0; i < cycle.Pod.RequiredAntiAffinity.Count; i++)
        {
            if (node.Label(cycle.Pod.RequiredAntiAffinity[i].TopologyKey) is { } value && counts.Avoided.Contains((i, value)))
                return new("node(s) didn't match pod anti-affinity rules");
        }

        foreach (var (key, value) in counts.Hostile)
        {
            if (node.Label(key) == value)
                return new("node(s) didn't satisfy existing pods anti-affinity rules");
        }

        return null;
    }

    public void PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        var weights = new Dictionary<(string Key, string Value), long>();
        var preferred = cycle.Pod.PreferredAffinity;
        foreach (var node in cycle.Cluster.Nodes)
        {
            if (preferred.Count == 0 && node.PodsWithAffinity == 0)
                continue;
            foreach (var other in node.Pods)
            {
                foreach (var (term, weight) in preferred)
                    Add(term, other.Pod, weight);
                foreach (var (term, weight) in other.PreferredAffinity)
                    Add(term, cycle.Pod.Pod, weight);
                foreach (var term in other.RequiredAffinity)
                    Add(term, cycle.Pod.Pod, HardAffinityWeight);
            }

            void Add(AffinityTerm term, Api.Core.V1.Pod pod, int weight)
            {
                if (node.Label(term.TopologyKey) is { } value && term.Matches(pod, cycle.Cluster.NamespaceLabels))
                    weights[(term.TopologyKey, value)] = weights.GetValueOrDefault((term.TopologyKey, value)) + weight;
            }
        }

        cycle.Keep(new ScoreKey(this), weights);
    }

    public bool AppliesToScore(CycleContext cycle) => cycle.Kept<Dictionary<(string, string), long>>(new ScoreKey(this))!.Count > 0;

    public long Score(CycleContext cycle, NodeInfo node)
    {
        long score = 0;
        foreach (var ((key, value), weight) in cycle.Kept<Dictionary<(string Key, string Value), long>>(new ScoreKey(this))!)
        {
            if (node.Label(key) == value)
                score += weight;
        }

        return score;
    }

    public void Normalize(CycleContext cycle, Span<long> scores)
    {
        var (least, most) = (long.MaxValue, long.MinValue);
        foreach (var score in scores)
            (least, most) = (Math.Min(least, score), Math.Max(most, score));
        for (var i = 0; i < scores.Length; i++)
            scores[i] = most == least ? 0 : IScorePlugin.MaxScore * (scores[i] - least) / (most - least);
    }

    /// <summary>Filtering and scoring keep different things.</summary>
    private sealed class ScoreKey(IPlugin plugin) : IPlugin
    {
        public string Name { get; } = plugin.Name + "/score";
    }
}
