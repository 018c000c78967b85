namespace Coxswain.Scheduler;

/// <summary>A term of affinity that pods on nodes have, and in which topology domains they are.</summary>
public sealed class HeldTerm(AffinityTerm term)
{
    /// <summary>What is counted for pods on nodes that have the label: the number of holders, or the sum of their weights.</summary>
    private readonly Dictionary<string, (int Holders, long Weight)> _domains = new(StringComparer.Ordinal);

    public AffinityTerm Term { get; } = term;
    internal int Holders { get; private set; }

    public long WeightIn(string domain) => _domains.GetValueOrDefault(domain).Weight;

    public bool IsEverywhereZero => _domains.Count == 0;

    internal void Count(NodeInfo node, int holders, long weight)
    {
        Holders += holders;
        CountDomain(node, holders, weight);
    }

    internal void CountDomain(NodeInfo node, int holders, long weight)
    {
        if (node.Node is null || node.Label(Term.TopologyKey) is not { } value)
            return;
        var count = _domains.GetValueOrDefault(value);
        count = (count.Holders + holders, count.Weight + weight);
        if (count.Holders == 0)
            _domains.Remove(value);
        else
            _domains[value] = count;
    }
}

/// <summary>The different terms of one kind that pods on nodes have. Pods of one set share one entry.</summary>
public sealed class HeldTerms
{
    private readonly Dictionary<string, HeldTerm> _terms = new(StringComparer.Ordinal);

    public bool Any => _terms.Count > 0;

    /// <summary>The terms that speak of a pod.</summary>
    public IEnumerable<HeldTerm> Matching(PodInfo pod, ClusterState cluster)
    {
        foreach (var held in _terms.Values)
        {
            if (held.Term.Matches(pod.Pod, cluster))
                yield return held;
        }
    }

    internal void Count(NodeInfo node, AffinityTerm term, int by, long weight)
    {
        if (!_terms.TryGetValue(term.Key, out var held))
            _terms[term.Key] = held = new(term);
        held.Count(node, by, by * weight);
        if (held.Holders == 0)
            _terms.Remove(term.Key);
    }

    /// <summary>The node's labels begin (1) or cease (-1) to count; its pods stay.</summary>
    internal void CountNode(NodeInfo node, AffinityTerm term, int by, long weight)
    {
        if (_terms.TryGetValue(term.Key, out var held))
            held.CountDomain(node, by, by * weight);
    }
}
