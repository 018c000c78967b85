using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>Where a Job stands: what its status has counted already, with what its pods show beyond that.</summary>
internal sealed class JobCounts
{
    public JobCounts(Job job, IReadOnlyList<Pod> pods)
    {
        var uncounted = job.Status.UncountedTerminatedPods ?? UncountedTerminatedPods.Empty;
        foreach (var pod in pods)
        {
            if (PodFacts.IsActive(pod))
            {
                Active.Add(pod);
                continue;
            }
            if (PodFacts.IsTerminating(pod))
                Terminating++;
            if (!JobPods.IsTracked(pod) || uncounted.Succeeded.Contains(pod.Metadata.Uid) || uncounted.Failed.Contains(pod.Metadata.Uid))
                continue;
            if (pod.Status.Phase == PodPhase.Succeeded)
                NewlySucceeded.Add(pod);
            else if (JobPods.HasFailed(job, pod))
                NewlyFailed.Add(pod);
        }
        Verdicts = NewlyFailed.Where(p => p.Status.Phase == PodPhase.Failed)
            .ToDictionary(p => p.Metadata.Uid, p => FailurePolicy.Judge(job.Spec.PodFailurePolicy, p));
        Failed = job.Status.Failed + uncounted.Failed.Count + NewlyFailed.Count(p => !IsIgnored(p));
        if (JobPods.IsIndexed(job))
        {
            CountIndexes(job, pods);
            Succeeded = CompletedIndexes.Count;
        }
        else
        {
            Succeeded = job.Status.Succeeded + uncounted.Succeeded.Count + NewlySucceeded.Count;
        }
    }

    public List<Pod> Active { get; } = [];
    public List<Pod> NewlySucceeded { get; } = [];
    public List<Pod> NewlyFailed { get; } = [];
    public int Terminating { get; }
    public int Succeeded { get; }
    public int Failed { get; }

    /// <summary>Indexed Jobs only.</summary>
    public SortedSet<int> CompletedIndexes { get; private set; } = [];

    /// <summary>Indexed Jobs with a limit per index only.</summary>
    public SortedSet<int>? FailedIndexes { get; private set; }

    /// <summary>What the pod failure policy says of newly failed pods, by uid.</summary>
    public IReadOnlyDictionary<string, FailureVerdict> Verdicts { get; }

    public bool IsIgnored(Pod pod) => Verdicts.TryGetValue(pod.Metadata.Uid, out var verdict) && verdict.Action == PodFailurePolicyAction.Ignore;

    private void CountIndexes(Job job, IReadOnlyList<Pod> pods)
    {
        var completions = job.Spec.Completions ?? 0;
        CompletedIndexes = IndexSet.Parse(job.Status.CompletedIndexes, completions);
        foreach (var pod in pods)
        {
            if (pod.Status.Phase == PodPhase.Succeeded && JobPods.IsTracked(pod) && JobPods.IndexOf(pod) is { } index && index < completions)
                CompletedIndexes.Add(index);
        }
        if (job.Spec.BackoffLimitPerIndex is not { } limit)
            return;
        FailedIndexes = IndexSet.Parse(job.Status.FailedIndexes ?? "", completions);
        foreach (var pod in NewlyFailed)
        {
            if (JobPods.IndexOf(pod) is not { } index || index >= completions || IsIgnored(pod))
                continue;
            var failsNow = Verdicts.TryGetValue(pod.Metadata.Uid, out var verdict) && verdict.Action == PodFailurePolicyAction.FailIndex;
            if (failsNow || JobPods.IndexFailuresOf(pod) >= limit)
                FailedIndexes.Add(index);
        }
        FailedIndexes.ExceptWith(CompletedIndexes);
    }
}
