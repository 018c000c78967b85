using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>What a Job asks of its pods, and how it makes them.</summary>
internal static class JobPods
{
    public const string Finalizer = "batch.kubernetes.io/job-tracking";
    private const string CompletionIndex = "batch.kubernetes.io/job-completion-index";
    private const string IndexFailures = "batch.kubernetes.io/job-index-failure-count";

    public static bool IsTracked(Pod pod) => pod.Metadata.Finalizers.Contains(Finalizer);

    public static bool IsIndexed(Job job) => job.Spec.CompletionMode == CompletionMode.Indexed;

    /// <summary>Failed, or (unless the Job waits for that) on its way out.</summary>
    public static bool HasFailed(Job job, Pod pod) =>
        pod.Status.Phase == PodPhase.Failed
        || pod.Metadata.DeletionTimestamp is not null && pod.Status.Phase != PodPhase.Succeeded && !ReplacesOnlyFailed(job);

    /// <summary>A pod failure policy, too, needs to see how a pod ended before it can judge it.</summary>
    public static bool ReplacesOnlyFailed(Job job) =>
        job.Spec.PodReplacementPolicy == PodReplacementPolicy.Failed || job.Spec.PodReplacementPolicy is null && job.Spec.PodFailurePolicy is not null;

    public static int? IndexOf(Pod pod) => Number(pod, CompletionIndex);

    /// <summary>How often the pod's index had failed when it was made.</summary>
    public static int IndexFailuresOf(Pod pod) => Number(pod, IndexFailures) ?? 0;

    public static DateTimeOffset FinishedAt(Pod pod, DateTimeOffset now)
    {
        DateTimeOffset? latest = null;
        foreach (var status in pod.Status.ContainerStatuses)
        {
            if (status.State.Terminated?.FinishedAt is { } at && (latest is null || at > latest))
                latest = at;
        }
        return latest ?? PodFacts.Condition(pod, PodConditionType.Ready)?.LastTransitionTime ?? pod.Metadata.DeletionTimestamp
            ?? pod.Metadata.CreationTimestamp ?? now;
    }

    public static int Restarts(Pod pod) => pod.Status.InitContainerStatuses.Sum(s => s.RestartCount) + pod.Status.ContainerStatuses.Sum(s => s.RestartCount);

    /// <summary>A new pod of the Job; with an index it is told which.</summary>
    public static Pod Render(Job job, int? index, int indexFailures)
    {
        var pod = PodControl.FromTemplate(job.Spec.Template, job);
        var metadata = pod.Metadata with { Finalizers = pod.Metadata.Finalizers.Add(Finalizer) };
        if (index is not { } number)
            return pod with { Metadata = metadata };
        var text = number.ToString(CultureInfo.InvariantCulture);
        var annotations = metadata.Annotations.With(CompletionIndex, text);
        if (job.Spec.BackoffLimitPerIndex is not null)
            annotations = annotations.With(IndexFailures, indexFailures.ToString(CultureInfo.InvariantCulture));
        return pod with
        {
            Metadata = metadata with
            {
                GenerateName = $"{job.Metadata.Name}-{text}-",
                Labels = metadata.Labels.With(CompletionIndex, text),
                Annotations = annotations,
            },
            Spec = pod.Spec with
            {
                Hostname = $"{job.Metadata.Name}-{text}",
                Containers = WithIndex(pod.Spec.Containers),
                InitContainers = WithIndex(pod.Spec.InitContainers),
            },
        };
    }

    private static ApiList<Container> WithIndex(ApiList<Container> containers)
    {
        const string name = "JOB_COMPLETION_INDEX";
        return containers.Count == 0
            ? containers
            : containers.Select(c => c.Env.Any(e => e.Name == name)
                ? c
                : c with
                {
                    Env = c.Env.Add(new()
                    {
                        Name = name,
                        ValueFrom = new() { FieldRef = new() { ApiVersion = "v1", FieldPath = $"metadata.labels['{CompletionIndex}']" } },
                    }),
                }).ToApiList();
    }

    private static int? Number(Pod pod, string annotation) =>
        int.TryParse(pod.Metadata.Annotations.GetValueOrDefault(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
