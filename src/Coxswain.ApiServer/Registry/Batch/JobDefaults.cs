using Coxswain.Api.Batch.V1;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Fills in what jobs leave out.</summary>
internal static class JobDefaults
{
    public static Job Apply(Job o)
    {
        var spec = o.Spec;
        var labels = spec.Template.Metadata.Labels;
        if (labels.Count > 0 && o.Metadata.Labels.Count == 0)
            o = o with { Metadata = o.Metadata with { Labels = labels } };
        return o with
        {
            Spec = spec with
            {
                Completions = spec.Completions ?? (spec.Parallelism is null ? 1 : null),
                Parallelism = spec.Parallelism ?? 1,
                BackoffLimit = spec.BackoffLimit ?? (spec.BackoffLimitPerIndex is null ? 6 : int.MaxValue),
                CompletionMode = spec.CompletionMode ?? "NonIndexed",
                Suspend = spec.Suspend ?? false,
                PodReplacementPolicy = spec.PodReplacementPolicy ?? (spec.PodFailurePolicy is null ? "TerminatingOrFailed" : "Failed"),
                PodFailurePolicy = FailurePolicy(spec.PodFailurePolicy),
                Template = PodDefaults.Template(spec.Template),
            },
        };
    }

    private static PodFailurePolicy? FailurePolicy(PodFailurePolicy? policy)
    {
        if (policy is null)
            return null;
        var rules = policy.Rules;
        for (var i = 0; i < rules.Count; i++)
        {
            var patterns = rules[i].OnPodConditions;
            for (var j = 0; j < patterns.Count; j++)
                if (patterns[j].Status.Length == 0)
                    patterns = patterns.SetItem(j, patterns[j] with { Status = "True" });
            rules = rules.SetItem(i, rules[i] with { OnPodConditions = patterns });
        }

        return policy with { Rules = rules };
    }
}
