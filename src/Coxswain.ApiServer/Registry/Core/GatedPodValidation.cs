using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Judges changes of where a pod that is held back by scheduling gates may go: it may become pickier, never less so.</summary>
internal static class GatedPodValidation
{
    /// <summary>The updated spec with the node selector and node affinity of the old one, so that the rest can be compared.</summary>
    public static PodSpec Narrowed(PodSpec updated, PodSpec old, FieldErrors errors)
    {
        if (old.NodeSelector.Any(entry => !updated.NodeSelector.TryGetValue(entry.Key, out var now) || now != entry.Value))
            errors.Invalid(Paths.Spec.Child("nodeSelector"), updated.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        updated = updated with { NodeSelector = old.NodeSelector };
        var (now, before) = (updated.Affinity?.NodeAffinity, old.Affinity?.NodeAffinity);
        if (now == before)
            return updated;
        Terms(now?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? default,
            before?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? default,
            Paths.Spec.Child("affinity").Child("nodeAffinity").Child("requiredDuringSchedulingIgnoredDuringExecution").Child("nodeSelectorTerms"), errors);
        var affinity = (updated.Affinity ?? Affinity.Empty) with { NodeAffinity = before };
        return updated with { Affinity = old.Affinity is null && affinity == Affinity.Empty ? null : affinity };
    }

    private static void Terms(ApiList<NodeSelectorTerm> updated, ApiList<NodeSelectorTerm> old, FieldPath path, FieldErrors errors)
    {
        if (old.Count == 0)
            return;
        if (old.Count != updated.Count)
        {
            errors.Invalid(path, updated, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }

        for (var i = 0; i < old.Count; i++)
            if (!OnlyAdds(updated[i], old[i]))
                errors.Invalid(path.Index(i), updated[i], "only additions are allowed (no mutations or deletions)");
    }

    private static bool OnlyAdds(NodeSelectorTerm updated, NodeSelectorTerm old)
    {
        // A term without anything selects nothing: whatever is added to it selects more.
        if (old is { MatchExpressions.Count: 0, MatchFields.Count: 0 })
            return updated is { MatchExpressions.Count: 0, MatchFields.Count: 0 };
        return StartsWith(updated.MatchExpressions, old.MatchExpressions) && StartsWith(updated.MatchFields, old.MatchFields);
    }

    private static bool StartsWith(ApiList<NodeSelectorRequirement> updated, ApiList<NodeSelectorRequirement> old) =>
        updated.Count >= old.Count && updated.AsSpan()[..old.Count].SequenceEqual(old.AsSpan());
}
