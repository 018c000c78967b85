using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler;

/// <summary>One term of pod affinity with its selectors compiled. Terms that say the same have the same <see cref="Key"/>.</summary>
public sealed class AffinityTerm
{
    private readonly Selector _selector;
    private readonly Selector? _namespaceSelector;
    private readonly string[] _namespaces;

    private AffinityTerm(Pod owner, PodAffinityTerm term)
    {
        TopologyKey = term.TopologyKey;
        var selector = Selector.From(term.LabelSelector);
        if (term.LabelSelector is not null && term.MatchLabelKeys.Count + term.MismatchLabelKeys.Count > 0)
        {
            // KEP-3633: the owner's own values of these labels are asked for, or excluded, too. The API server has done so already for pods
            // that were made with it; once more says the same.
            selector = Selector.FromRequirements([.. selector.Requirements, .. Own(owner, term.MatchLabelKeys, "in"), .. Own(owner, term.MismatchLabelKeys, "notin")]);
        }

        _selector = selector;
        _namespaceSelector = term.NamespaceSelector is { } namespaces ? Selector.From(namespaces) : null;
        _namespaces = term.Namespaces.Count == 0 && _namespaceSelector is null
            ? [owner.Metadata.Namespace]
            : [.. term.Namespaces.Order(StringComparer.Ordinal)];
        GroupKey = $"{string.Join(',', _namespaces)}|{(_namespaceSelector is null ? "-" : _namespaceSelector.ToString())}|{(_selector.IsNothing ? "!" : _selector.ToString())}";
        Key = $"{TopologyKey}|{GroupKey}";
    }

    public string TopologyKey { get; }

    /// <summary>Equal for terms that speak of the same pods in the same topology.</summary>
    public string Key { get; }

    /// <summary>Equal for terms that speak of the same pods.</summary>
    public string GroupKey { get; }

    public bool DependsOnNamespaces => _namespaceSelector is not null;

    /// <summary>Whether a pod is one that the term speaks of.</summary>
    /// <param name="cluster">Knows the labels of namespaces.</param>
    public bool Matches(Pod pod, ClusterState cluster)
    {
        var ns = pod.Metadata.Namespace;
        return (Array.IndexOf(_namespaces, ns) >= 0 || (_namespaceSelector is not null && _namespaceSelector.Matches(cluster.NamespaceLabels(ns))))
            && _selector.Matches(pod.Metadata.Labels);
    }

    public static IReadOnlyList<AffinityTerm> From(Pod owner, ApiList<PodAffinityTerm> terms) =>
        terms.Count == 0 ? [] : [.. terms.Select(t => new AffinityTerm(owner, t))];

    public static IEnumerable<(AffinityTerm Term, int Weight)> Weighted(Pod owner, ApiList<WeightedPodAffinityTerm> terms, int sign) =>
        terms.Select(t => (new AffinityTerm(owner, t.PodAffinityTerm), sign * t.Weight));

    private static IEnumerable<LabelRequirement> Own(Pod owner, ApiList<string> keys, string relation)
    {
        foreach (var key in keys)
        {
            if (owner.Metadata.Labels.TryGetValue(key, out var value))
                yield return Selector.Parse($"{key} {relation} ({value})").Requirements[0];
        }
    }
}
