namespace Coxswain.Scheduler;

/// <summary>Counts over all placed pods that would otherwise be made anew for every attempt. Only under the state's gate.</summary>
public sealed class AffinityIndex(ClusterState cluster)
{
    /// <summary>More different selectors than this are not followed at once: each costs something with every pod that comes or goes.</summary>
    private const int MaxGroups = 128;

    private readonly Dictionary<string, PodGroup> _groups = new(StringComparer.Ordinal);
    private long _uses;

    /// <summary>Terms of anti-affinity that must hold, of pods on nodes.</summary>
    public HeldTerms AntiAffinity { get; } = new();

    /// <summary>Terms of affinity that must hold, of pods on nodes.</summary>
    public HeldTerms Affinity { get; } = new();

    /// <summary>Preferred terms of pods on nodes, with their weights.</summary>
    public HeldTerms Preferred { get; } = new();

    /// <summary>The group of a key, counted from now on.</summary>
    public PodGroup Group(string key, Func<PodInfo, bool> matches, bool dependsOnNamespaces = false)
    {
        if (!_groups.TryGetValue(key, out var group))
        {
            if (_groups.Count >= MaxGroups)
                _groups.Remove(_groups.MinBy(g => g.Value.LastUse).Key);
            _groups[key] = group = new(matches, dependsOnNamespaces);
            foreach (var node in cluster.AllNodes)
            {
                foreach (var pod in node.Pods)
                    group.Count(node, pod, 1);
            }
        }

        group.LastUse = ++_uses;
        return group;
    }

    /// <summary>The pods that one term speaks of.</summary>
    public PodGroup Group(AffinityTerm term) => Group("term|" + term.GroupKey, p => term.Matches(p.Pod, cluster), term.DependsOnNamespaces);

    /// <summary>The pods that all terms speak of.</summary>
    public PodGroup Group(IReadOnlyList<AffinityTerm> terms) => terms.Count == 1 ? Group(terms[0]) : Group(
        "all|" + string.Join("&&", terms.Select(t => t.GroupKey)),
        p =>
        {
            foreach (var term in terms)
            {
                if (!term.Matches(p.Pod, cluster))
                    return false;
            }

            return true;
        },
        terms.Any(t => t.DependsOnNamespaces));

    internal void Count(NodeInfo node, PodInfo pod, int by)
    {
        foreach (var term in pod.RequiredAntiAffinity)
            AntiAffinity.Count(node, term, by, 1);
        foreach (var term in pod.RequiredAffinity)
            Affinity.Count(node, term, by, 1);
        foreach (var (term, weight) in pod.PreferredAffinity)
            Preferred.Count(node, term, by, weight);
        foreach (var group in _groups.Values)
            group.Count(node, pod, by);
    }

    /// <summary>The node's present labels begin (1) or cease (-1) to count.</summary>
    internal void CountNode(NodeInfo node, int by)
    {
        if (node.Node is null)
            return;
        if (node.PodsWithAffinity > 0)
        {
            foreach (var pod in node.Pods)
            {
                foreach (var term in pod.RequiredAntiAffinity)
                    AntiAffinity.CountNode(node, term, by, 1);
                foreach (var term in pod.RequiredAffinity)
                    Affinity.CountNode(node, term, by, 1);
                foreach (var (term, weight) in pod.PreferredAffinity)
                    Preferred.CountNode(node, term, by, weight);
            }
        }

        foreach (var group in _groups.Values)
            group.CountNode(node, by);
    }

    /// <summary>Labels of a namespace have changed: what was counted by them is counted anew when next asked for.</summary>
    internal void NamespacesChanged()
    {
        foreach (var key in _groups.Where(g => g.Value.DependsOnNamespaces).Select(g => g.Key).ToList())
            _groups.Remove(key);
    }
}
