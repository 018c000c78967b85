using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>Whether a pod's own demands let it be on a node: name, selector, required affinity, taints.</summary>
internal static class NodeFit
{
    public static bool Selects(PodSpec pod, Node node)
    {
        if (pod.NodeName.Length > 0 && pod.NodeName != node.Metadata.Name)
            return false;
        foreach (var (key, value) in pod.NodeSelector)
        {
            if (!node.Metadata.Labels.TryGetValue(key, out var has) || has != value)
                return false;
        }
        return pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(t => Matches(t, node));
    }

    /// <summary>The first taint of one of the effects that the pod does not tolerate.</summary>
    public static Taint? Untolerated(ApiList<Toleration> tolerations, Node node, params ReadOnlySpan<string> effects)
    {
        foreach (var taint in node.Spec.Taints)
        {
            if (effects.Contains(taint.Effect) && !tolerations.Any(t => Tolerates(t, taint)))
                return taint;
        }
        return null;
    }

    public static bool Tolerates(Toleration toleration, Taint taint) =>
        (toleration.Effect.Length == 0 || toleration.Effect == taint.Effect)
        && (toleration.Key.Length == 0 || toleration.Key == taint.Key)
        && (toleration.Operator == TolerationOperator.Exists
            || toleration.Operator is TolerationOperator.Equal or "" && toleration.Key.Length > 0 && toleration.Value == taint.Value);

    // A term without demands matches nothing.
    private static bool Matches(NodeSelectorTerm term, Node node) =>
        term.MatchExpressions.Count + term.MatchFields.Count > 0
        && term.MatchExpressions.All(r => Matches(r, node.Metadata.Labels.TryGetValue(r.Key, out var label) ? label : null))
        && term.MatchFields.All(r => r.Key == "metadata.name" && Matches(r, node.Metadata.Name));

    private static bool Matches(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        NodeSelectorOperator.In => value is not null && requirement.Values.Contains(value),
        NodeSelectorOperator.NotIn => value is null || !requirement.Values.Contains(value),
        NodeSelectorOperator.Exists => value is not null,
        NodeSelectorOperator.DoesNotExist => value is null,
        NodeSelectorOperator.Gt => Compare(requirement, value) > 0,
        NodeSelectorOperator.Lt => Compare(requirement, value) < 0,
        _ => false,
    };

    private static int Compare(NodeSelectorRequirement requirement, string? value) =>
        requirement.Values.Count == 1
        && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var has)
        && long.TryParse(requirement.Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bound)
            ? has.CompareTo(bound)
            : 0;
}
