
namespace Coxswain.Scheduler.Plugins;

/// <summary>Pods that want to be near other pods, or away from them, in terms of a topology such as zones or hosts.</summary>
/// <param name="hardWeight">What it counts for a node that a pod there must be near pods like this one.</param>
/// <param name="ignorePreferredOfOthers">Whether preferences of placed pods count only for pods that have some themselves.</param>
internal sealed class InterPodAffinity(int hardWeight = 1, bool ignorePreferredOfOthers = false) : IFilterPlugin, IScorePlugin
{
    private static readonly Rejection OthersKeepAway = new("node(s) didn't satisfy existing pods anti-affinity rules");
    private static readonly Rejection NotNear = new("node(s) didn't match pod affinity rules", resolvable: false);
    private static readonly Rejection NotAway = new("node(s) didn't match pod anti-affinity rules");

    public string Name => "InterPodAffinity";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded | EventKind.NodeLabels),
        // Without the cluster at hand labels of namespaces are not known: terms that go by them are taken to match.
        new(EventKind.PodAdded | EventKind.PodLabels, (pod, change) => change.After is not PodInfo other || pod.RequiredAffinity.Any(t => MayMatch(t, other))),
        new(EventKind.PodRemoved | EventKind.PodLabels, (pod, change) => change.Before is not PodInfo other
            || pod.RequiredAntiAffinity.Any(t => MayMatch(t, other)) || other.RequiredAntiAffinity.Any(t => MayMatch(t, pod))),
    ];

    private static readonly ClusterState NoCluster = new();

    private static bool MayMatch(AffinityTerm term, PodInfo pod) => term.DependsOnNamespaces || term.Matches(pod.Pod, NoCluster);

    /// <summary>Counts of the index, and what trying what would be if adds to them.</summary>
    private sealed class State : ICycleState
    {
        public required HeldTerm[] Hostile { get; init; }
        public required Dictionary<string, DomainCount>[] Avoided { get; init; }
        public required Dictionary<string, DomainCount>[] Wanted { get; init; }
        public required bool WantedAnywhere { get; init; }
        public required bool SelfMatches { get; init; }

        /// <summary>By kind ('h', 'a', 'w'), topology key or index of the term, and domain.</summary>
        public Dictionary<(char Kind, string Term, string Domain), int>? Moved { get; set; }

        public int Of(char kind, string term, string domain) => Moved is null ? 0 : Moved.GetValueOrDefault((kind, term, domain));

        public ICycleState Copy() => new State
        {
            Hostile = Hostile, Avoided = Avoided, Wanted = Wanted, WantedAnywhere = WantedAnywhere, SelfMatches = SelfMatches,
            Moved = Moved is null ? null : new(Moved),
        };
    }

    public Preparation Prepare(CycleContext cycle)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        var hostile = !cluster.Index.AntiAffinity.Any ? [] : cluster.Index.AntiAffinity.Matching(pod, cluster).ToArray();
        if (hostile.Length == 0 && pod.RequiredAffinity.Count == 0 && pod.RequiredAntiAffinity.Count == 0)
        {
            // A pod that is tried in a node's place later may still bring a term of its own; only then this plug-in is needed.
            if (!cluster.Nominations.Any)
                return Preparation.Skip;
        }

        var wanted = Array.Empty<Dictionary<string, DomainCount>>();
        var (anywhere, self) = (false, false);
        if (pod.RequiredAffinity.Count > 0)
        {
            // A pod counts for affinity only where it matches all terms at once, as upstream has it.
            var group = cluster.Index.Group(pod.RequiredAffinity);
            wanted = [.. pod.RequiredAffinity.Select(t => group.Domains(t.TopologyKey, cluster))];
            anywhere = Array.Exists(wanted, d => d.Values.Any(c => c.Pods > 0));
            self = pod.RequiredAffinity.All(t => t.Matches(pod.Pod, cluster));
        }

        cycle.Keep(this, new State
        {
            Hostile = hostile,
            Avoided = pod.RequiredAntiAffinity.Count == 0 ? [] : [.. pod.RequiredAntiAffinity.Select(t => cluster.Index.Group(t).Domains(t.TopologyKey, cluster))],
            Wanted = wanted,
            WantedAnywhere = anywhere,
            SelfMatches = self,
        });
        return Preparation.Go;
    }

    public void PodMoved(CycleContext cycle, PodInfo pod, NodeInfo node, int by)
    {
        if (cycle.Kept<State>(this) is not { } state)
            return;
        foreach (var term in pod.RequiredAntiAffinity)
        {
            if (node.Label(term.TopologyKey) is { } value && term.Matches(cycle.Pod.Pod, cycle.Cluster))
                Move('h', term.TopologyKey, value);
        }

        for (var i = 0; i < cycle.Pod.RequiredAntiAffinity.Count; i++)
        {
            var term = cycle.Pod.RequiredAntiAffinity[i];
            if (node.Label(term.TopologyKey) is { } value && term.Matches(pod.Pod, cycle.Cluster))
                Move('a', term.Key, value);
        }

        if (cycle.Pod.RequiredAffinity.Count > 0 && cycle.Pod.RequiredAffinity.All(t => t.Matches(pod.Pod, cycle.Cluster)))
        {
            foreach (var term in cycle.Pod.RequiredAffinity)
            {
                if (node.Label(term.TopologyKey) is { } value)
                    Move('w', term.TopologyKey, value);
            }
        }

        void Move(char kind, string term, string domain)
        {
            state.Moved ??= [];
            state.Moved[(kind, term, domain)] = state.Moved.GetValueOrDefault((kind, term, domain)) + by;
        }
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        var state = cycle.Kept<State>(this)!;
        if (!IsNear(cycle, state, node))
            return NotNear;

        var terms = cycle.Pod.RequiredAntiAffinity;
        for (var i = 0; i < terms.Count; i++)
        {
            if (node.Label(terms[i].TopologyKey) is { } value
                && state.Avoided[i].GetValueOrDefault(value).Pods + state.Of('a', terms[i].Key, value) > 0)
                return NotAway;
        }

        foreach (var held in state.Hostile)
        {
            if (node.Label(held.Term.TopologyKey) is { } value && held.WeightIn(value) > 0
                && (state.Moved is null || HostileIn(state, held.Term.TopologyKey, value) > 0))
                return OthersKeepAway;
        }

        if (state.Moved is not null)
        {
            foreach (var ((kind, key, domain), _) in state.Moved)
            {
                if (kind == 'h' && node.Label(key) == domain && HostileIn(state, key, domain) > 0)
                    return OthersKeepAway;
            }
        }

        return null;
    }

    private static long HostileIn(State state, string key, string domain)
    {
        long count = state.Of('h', key, domain);
        foreach (var held in state.Hostile)
        {
            if (held.Term.TopologyKey == key)
                count += held.WeightIn(domain);
        }

        return count;
    }

    private static bool IsNear(CycleContext cycle, State state, NodeInfo node)
    {
        var terms = cycle.Pod.RequiredAffinity;
        var near = true;
        for (var i = 0; i < terms.Count; i++)
        {
            if (node.Label(terms[i].TopologyKey) is not { } value)
                return false;
            near &= state.Wanted[i].GetValueOrDefault(value).Pods + state.Of('w', terms[i].TopologyKey, value) > 0;
        }

        if (near)
            return true;
        // The first pod of a group that wants to be together has nobody to be with: it may go anywhere that has the keys.
        return state.SelfMatches && !IsAnywhere(state, terms);
    }

    private static bool IsAnywhere(State state, IReadOnlyList<AffinityTerm> terms)
    {
        if (state.Moved is null)
            return state.WantedAnywhere;
        for (var i = 0; i < terms.Count; i++)
        {
            var key = terms[i].TopologyKey;
            foreach (var (domain, count) in state.Wanted[i])
            {
                if (count.Pods + state.Of('w', key, domain) > 0)
                    return true;
            }
        }

        return false;
    }

    private sealed record Preference(string TopologyKey, HeldTerm? Held, Dictionary<string, DomainCount>? Pods, long Weight);

    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        if (ignorePreferredOfOthers && pod.PreferredAffinity.Count == 0)
            return false;
        List<Preference>? preferences = null;
        foreach (var (term, weight) in pod.PreferredAffinity)
        {
            if (cluster.Index.Group(term) is { Total: > 0 } group)
                (preferences ??= []).Add(new(term.TopologyKey, null, group.Domains(term.TopologyKey, cluster), weight));
        }

        if (hardWeight > 0 && cluster.Index.Affinity.Any)
            AddHeld(cluster.Index.Affinity, hardWeight);
        if (cluster.Index.Preferred.Any)
            AddHeld(cluster.Index.Preferred, 1);
        if (preferences is null)
            return false;
        cycle.KeepForScore(this, preferences);
        return true;

        void AddHeld(HeldTerms terms, long weight)
        {
            foreach (var held in terms.Matching(pod, cluster))
            {
                if (!held.IsEverywhereZero)
                    (preferences ??= []).Add(new(held.Term.TopologyKey, held, null, weight));
            }
        }
    }

    public long Score(CycleContext cycle, NodeInfo node)
    {
        long score = 0;
        foreach (var preference in cycle.KeptForScore<List<Preference>>(this))
        {
            if (node.Label(preference.TopologyKey) is not { } value)
                continue;
            score += preference.Weight * (preference.Held?.WeightIn(value) ?? preference.Pods!.GetValueOrDefault(value).Pods);
        }

        return score;
    }

    public void Normalize(CycleContext cycle, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var (least, most) = (long.MaxValue, long.MinValue);
        foreach (var score in scores)
            (least, most) = (Math.Min(least, score), Math.Max(most, score));
        for (var i = 0; i < scores.Length; i++)
            scores[i] = most == least ? 0 : (long)(IScorePlugin.MaxScore * ((double)(scores[i] - least) / (most - least)));
    }
}
