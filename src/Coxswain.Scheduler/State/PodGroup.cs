namespace Coxswain.Scheduler;

/// <summary>How many pods of a topology domain belong to a group, and how many nodes make up the domain.</summary>
public record struct DomainCount(int Pods, int Nodes);

/// <summary>The pods that some selector speaks of, counted by node and, where asked for, by topology domain.</summary>
/// <remarks>Kept up to date as pods and nodes come and go, so that an attempt reads counts instead of looking at every pod.</remarks>
public sealed class PodGroup
{
    private readonly Func<PodInfo, bool> _matches;
    private readonly Dictionary<string, Dictionary<string, DomainCount>> _domains = new(StringComparer.Ordinal);
    private int[] _byNode = [];

    internal PodGroup(Func<PodInfo, bool> matches, bool dependsOnNamespaces) => (_matches, DependsOnNamespaces) = (matches, dependsOnNamespaces);

    internal bool DependsOnNamespaces { get; }
    internal long LastUse { get; set; }

    /// <summary>How many there are on nodes that exist.</summary>
    public int Total { get; private set; }

    public bool Matches(PodInfo pod) => _matches(pod);

    public int On(NodeInfo node) => node.Slot < _byNode.Length ? _byNode[node.Slot] : 0;

    /// <summary>The domains of a topology key, those without such pods included.</summary>
    public Dictionary<string, DomainCount> Domains(string topologyKey, ClusterState cluster)
    {
        if (_domains.TryGetValue(topologyKey, out var domains))
            return domains;
        _domains[topologyKey] = domains = new(StringComparer.Ordinal);
        foreach (var node in cluster.Nodes)
        {
            if (node.Label(topologyKey) is { } value)
                Move(domains, value, On(node), 1);
        }

        return domains;
    }

    internal void Count(NodeInfo node, PodInfo pod, int by)
    {
        if (!_matches(pod))
            return;
        if (node.Slot >= _byNode.Length)
            Array.Resize(ref _byNode, Math.Max(node.Slot + 1, Math.Max(16, _byNode.Length * 2)));
        _byNode[node.Slot] += by;
        if (node.Node is null)
            return;
        Total += by;
        foreach (var (key, domains) in _domains)
        {
            if (node.Label(key) is { } value)
                Move(domains, value, by, 0);
        }
    }

    /// <summary>A node with its pods is counted with the labels it has now (1), or no longer (-1).</summary>
    internal void CountNode(NodeInfo node, int by)
    {
        var pods = On(node) * by;
        Total += pods;
        foreach (var (key, domains) in _domains)
        {
            if (node.Label(key) is { } value)
                Move(domains, value, pods, by);
        }
    }

    private static void Move(Dictionary<string, DomainCount> domains, string value, int pods, int nodes)
    {
        var count = domains.GetValueOrDefault(value);
        count = new(count.Pods + pods, count.Nodes + nodes);
        if (count.Nodes == 0)
            domains.Remove(value);
        else
            domains[value] = count;
    }
}
