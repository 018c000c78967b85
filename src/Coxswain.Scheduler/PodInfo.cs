using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler;

/// <summary>A pod with what the scheduler asks of it again and again, worked out once. Immutable.</summary>
public sealed class PodInfo(Pod pod)
{
    public Pod Pod { get; } = pod;
    public NamespacedName Name { get; } = new(pod.Metadata.Namespace, pod.Metadata.Name);
    public string Uid => Pod.Metadata.Uid;
    public ResourceAmounts Requests { get; } = PodRequests.Of(pod);
    public ResourceAmounts ScoringRequests { get; } = PodRequests.ForScoring(pod);
    public int Priority { get; } = pod.Spec.Priority ?? 0;

    /// <summary>Host ports: protocol, address, port.</summary>
    public IReadOnlyList<(string Protocol, string Address, int Port)> HostPorts { get; } =
    [
        .. pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always"))
            .SelectMany(c => c.Ports).Where(p => p.HostPort > 0)
            .Select(p => (p.Protocol.Length == 0 ? "TCP" : p.Protocol, p.HostIP.Length == 0 ? "0.0.0.0" : p.HostIP, p.HostPort)),
    ];

    public IReadOnlyList<AffinityTerm> RequiredAffinity { get; } =
        AffinityTerm.From(pod, pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);

    public IReadOnlyList<AffinityTerm> RequiredAntiAffinity { get; } =
        AffinityTerm.From(pod, pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? default);

    public IReadOnlyList<(AffinityTerm Term, int Weight)> PreferredAffinity { get; } =
    [
        .. AffinityTerm.Weighted(pod, pod.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default, 1),
        .. AffinityTerm.Weighted(pod, pod.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? default, -1),
    ];
}

/// <summary>One term of pod affinity with its selector compiled.</summary>
public sealed class AffinityTerm
{
    private readonly Selector _selector;
    private readonly Selector? _namespaceSelector;
    private readonly HashSet<string> _namespaces;

    private AffinityTerm(Pod owner, PodAffinityTerm term)
    {
        TopologyKey = term.TopologyKey;
        var requirements = Selector.From(term.LabelSelector).Requirements.ToList();
        // KEP-3633: the owner's own values of these labels are asked for, or excluded, too.
        requirements.AddRange(Own(owner, term.MatchLabelKeys, "in"));
        requirements.AddRange(Own(owner, term.MismatchLabelKeys, "notin"));
        _selector = term.LabelSelector is null ? Selector.Nothing : Selector.FromRequirements(requirements);
        _namespaceSelector = term.NamespaceSelector is { } selector ? Selector.From(selector) : null;
        _namespaces = [.. term.Namespaces];
        if (_namespaces.Count == 0 && _namespaceSelector is null)
            _namespaces.Add(owner.Metadata.Namespace);
    }

    public string TopologyKey { get; }

    /// <summary>Whether a pod is one that the term speaks of.</summary>
    /// <param name="labelsOf">The labels of a namespace.</param>
    public bool Matches(Pod pod, Func<string, ApiMap<string>> labelsOf)
    {
        var ns = pod.Metadata.Namespace;
        return (_namespaces.Contains(ns) || (_namespaceSelector is not null && _namespaceSelector.Matches(labelsOf(ns))))
            && _selector.Matches(pod.Metadata.Labels);
    }

    public static IReadOnlyList<AffinityTerm> From(Pod owner, ApiList<PodAffinityTerm> terms) => [.. terms.Select(t => new AffinityTerm(owner, t))];

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
