using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Node selectors and node affinity: required terms rule out, preferred ones add their weight.</summary>
/// <param name="added">What the profile asks of nodes for every pod; null: nothing.</param>
internal sealed class NodeAffinity(Api.Core.V1.NodeAffinity? added = null) : IFilterPlugin, IScorePlugin
{
    private static readonly Rejection Mismatch = new("node(s) didn't match Pod's node affinity/selector", resolvable: false);
    private static readonly Rejection Enforced = new("node(s) didn't match scheduler-enforced node affinity", resolvable: false);

    public string Name => "NodeAffinity";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded | EventKind.NodeLabels, (pod, change) =>
            change.After is Node after && Fits(added, pod.Pod, after) && (change.Before is not Node before || !Fits(added, pod.Pod, before))),
    ];

    public Preparation Prepare(CycleContext cycle)
    {
        var spec = cycle.Pod.Pod.Spec;
        var required = spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        if (spec.NodeSelector.Count == 0 && required is null && added?.RequiredDuringSchedulingIgnoredDuringExecution is null)
            return Preparation.Skip;
        if (required is null || required.NodeSelectorTerms.Count == 0)
            return Preparation.Go;

        // Every term names nodes (as daemon sets do): no other node needs to be looked at.
        HashSet<string>? named = null;
        foreach (var term in required.NodeSelectorTerms)
        {
            HashSet<string>? ofTerm = null;
            foreach (var field in term.MatchFields)
            {
                if (field.Key != "metadata.name" || field.Operator != "In")
                    continue;
                if (ofTerm is null)
                    ofTerm = [.. field.Values];
                else
                    ofTerm.IntersectWith(field.Values);
            }

            if (ofTerm is null)
                return Preparation.Go;
            if (named is null)
                named = ofTerm;
            else
                named.UnionWith(ofTerm);
        }

        return named!.Count == 0 ? Preparation.Reject("pod affinity terms conflict") : Preparation.Among(named);
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (added?.RequiredDuringSchedulingIgnoredDuringExecution is { } required && !NodeSelectors.Matches(required, node.Node!))
            return Enforced;
        return Matches(cycle.Pod.Pod, node.Node!) ? null : Mismatch;
    }

    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes) =>
        cycle.Pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution.Count > 0
        || added?.PreferredDuringSchedulingIgnoredDuringExecution.Count > 0;

    public long Score(CycleContext cycle, NodeInfo node) => Sum(added, node.Node!) + Sum(cycle.Pod.Pod.Spec.Affinity?.NodeAffinity, node.Node!);

    public void Normalize(CycleContext cycle, IReadOnlyList<NodeInfo> nodes, Span<long> scores) => IScorePlugin.Stretch(scores, reverse: false);

    /// <summary>Whether the pod's own selector and affinity let it go to a node.</summary>
    internal static bool Matches(Pod pod, Node node)
    {
        foreach (var (key, value) in pod.Spec.NodeSelector)
        {
            if (!node.Metadata.Labels.TryGetValue(key, out var has) || has != value)
                return false;
        }

        return pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || NodeSelectors.Matches(required, node);
    }

    internal static bool AsksForNodes(Pod pod) =>
        pod.Spec.NodeSelector.Count > 0 || pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not null;

    private static bool Fits(Api.Core.V1.NodeAffinity? added, Pod pod, Node node) =>
        (added?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required || NodeSelectors.Matches(required, node)) && Matches(pod, node);

    private static long Sum(Api.Core.V1.NodeAffinity? affinity, Node node)
    {
        if (affinity is null)
            return 0;
        long score = 0;
        foreach (var preferred in affinity.PreferredDuringSchedulingIgnoredDuringExecution)
        {
            if (preferred.Weight != 0 && NodeSelectors.Matches(preferred.Preference, node, emptyMatches: true))
                score += preferred.Weight;
        }

        return score;
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

    /// <param name="emptyMatches">A preferred term without expressions prefers every node.</param>
    public static bool Matches(NodeSelectorTerm term, Node node, bool emptyMatches = false)
    {
        if (term.MatchExpressions.Count == 0 && term.MatchFields.Count == 0)
            return emptyMatches;
        foreach (var requirement in term.MatchExpressions)
        {
            if (!Matches(requirement, node.Metadata.Labels.TryGetValue(requirement.Key, out var value) ? value : null))
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
