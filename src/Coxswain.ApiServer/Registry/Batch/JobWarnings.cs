using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>What is legal for a job, but likely not meant.</summary>
internal static class JobWarnings
{
    private const int ManyCompletions = 100_000;
    private const int ManyAtOnce = 10_000;

    public static void Spec(JobSpec spec, FieldPath path, ICollection<string> warnings)
    {
        if (spec is { CompletionMode: "Indexed", Completions: > ManyCompletions, Parallelism: > ManyAtOnce })
            warnings.Add($"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
                + "Kubernetes might not be able to track completedIndexes when a big number of indexes fail");
        PodWarnings.Template(spec.Template, path.Child("template"), warnings);
    }
}
