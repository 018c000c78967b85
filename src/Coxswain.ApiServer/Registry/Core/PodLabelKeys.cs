using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Writes the pod's own values of matchLabelKeys and mismatchLabelKeys into the selectors beside them.</summary>
internal static class PodLabelKeys
{
    public static PodSpec Merge(PodSpec spec, ApiMap<string> labels)
    {
        if (spec.Affinity is { } affinity)
            spec = spec with
            {
                Affinity = affinity with
                {
                    PodAffinity = affinity.PodAffinity is not { } pod ? null : pod with
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = Terms(pod.RequiredDuringSchedulingIgnoredDuringExecution, labels),
                        PreferredDuringSchedulingIgnoredDuringExecution = Weighted(pod.PreferredDuringSchedulingIgnoredDuringExecution, labels),
                    },
                    PodAntiAffinity = affinity.PodAntiAffinity is not { } anti ? null : anti with
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = Terms(anti.RequiredDuringSchedulingIgnoredDuringExecution, labels),
                        PreferredDuringSchedulingIgnoredDuringExecution = Weighted(anti.PreferredDuringSchedulingIgnoredDuringExecution, labels),
                    },
                },
            };
        var constraints = spec.TopologySpreadConstraints;
        for (var i = 0; i < constraints.Count; i++)
            if (constraints[i] is { MatchLabelKeys.Count: > 0, LabelSelector: { } selector })
                constraints = constraints.SetItem(i, constraints[i] with { LabelSelector = With(selector, constraints[i].MatchLabelKeys, "In", labels) });
        return spec with { TopologySpreadConstraints = constraints };
    }

    private static ApiList<PodAffinityTerm> Terms(ApiList<PodAffinityTerm> terms, ApiMap<string> labels)
    {
        for (var i = 0; i < terms.Count; i++)
            terms = terms.SetItem(i, Term(terms[i], labels));
        return terms;
    }

    private static ApiList<WeightedPodAffinityTerm> Weighted(ApiList<WeightedPodAffinityTerm> terms, ApiMap<string> labels)
    {
        for (var i = 0; i < terms.Count; i++)
            terms = terms.SetItem(i, terms[i] with { PodAffinityTerm = Term(terms[i].PodAffinityTerm, labels) });
        return terms;
    }

    private static PodAffinityTerm Term(PodAffinityTerm term, ApiMap<string> labels) => term.LabelSelector is not { } selector
        ? term
        : term with { LabelSelector = With(With(selector, term.MatchLabelKeys, "In", labels), term.MismatchLabelKeys, "NotIn", labels) };

    private static LabelSelector With(LabelSelector selector, ApiList<string> keys, string @operator, ApiMap<string> labels)
    {
        foreach (var key in keys)
            if (labels.TryGetValue(key, out var value))
                selector = selector with
                {
                    MatchExpressions = selector.MatchExpressions.Add(
                        new LabelSelectorRequirement { Key = key, Operator = @operator, Values = [value] }),
                };
        return selector;
    }
}
