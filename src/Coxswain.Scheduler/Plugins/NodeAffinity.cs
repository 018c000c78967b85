using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Node selectors and node affinity: required terms rule out, preferred ones add their weight.</summary>
internal sealed class NodeAffinity : IFilterPlugin, IScorePlugin
{
    public string Name => "NodeAffinity";

    public bool Applies(CycleContext cycle) =>
        cycle.Pod.Pod.Spec.NodeSelector.Count > 0
        || cycle.Pod.Pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not null;

    public Rejection? Filter(CycleContext cycle, NodeInfo node) =>
        Matches(cycle.Pod.Pod, node.Node!) ? null : new("node(s) didn't match Pod's node affinity/selector", resolvable: false);

    public bool AppliesToScore(CycleContext cycle) =>
        cycle.Pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution.Count > 0;

    public long Score(CycleContext cycle, NodeInfo node)
    {
        long score = 0;
        foreach (var preferred in cycle.Pod.Pod.Spec.Affinity!.NodeAffinity!.PreferredDuringSchedulingIgnoredDuringExecution)
        {
            if (NodeSelectors.Matches(preferred.Preference, node.Node!))
                score += preferred.Weight;
        }

        return score;
    }

    public void Normalize(CycleContext cycle, Span<long> scores) => IScorePlugin.Stretch(scores, reverse: false);

    internal static bool Matches(Pod pod, Node node)
    {
        foreach (var (key, value) in pod.Spec.NodeSelector)
        {
            if (node.Metadata.Labels.GetValueOrDefault(key) != value)
                return false;
        }

        return pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || NodeSelectors.Matches(required, node);
    }
}

/// <summary>Matches node selector terms: expressions over labels, and fields (only metadata.name is one).</summary>
internal static class NodeSelectors
{
    /// <summary>One term is enough; an empty term matches nothing.</summary>
    public static bool Matches(NodeSelector selector, Node node)
    {
        foreach (var term in selector.NodeSelectorTerms)
        {
            if (Matches(term, node))
                return true;
        }

        return false;
    }

    public static bool Matches(NodeSelectorTerm term, Node node)
    {
        if (term.MatchExpressions.Count == 0 && term.MatchFields.Count == 0)
            return false;
        foreach (var requirement in term.MatchExpressions)
        {
            if (!Matches(requirement, node.Metadata.Labels.GetValueOrDefault(requirement.Key)))
                return false;
        }

        foreach (var requirement in term.MatchFields)
        {
            if (!Matches(requirement, requirement.Key == "metadata.name" ? node.Metadata.Name : null))
                return false;
        }

        return true;
    }

    private static string? Bound(NodeSelectorRequirement requirement) => requirement.Values.Count == 1 ? requirement.Values[0] : null;

    private static bool Matches(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values.AsSpan().Contains(value),
        "NotIn" => value is null || !requirement.Values.AsSpan().Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => long.TryParse(value, out var has) && long.TryParse(Bound(requirement), out var bound) && has > bound,
        "Lt" => long.TryParse(value, out var has) && long.TryParse(Bound(requirement), out var bound) && has < bound,
        _ => false,
    };
}
