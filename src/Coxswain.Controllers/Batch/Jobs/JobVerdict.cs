using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <param name="Type">FailureTarget or SuccessCriteriaMet: what is decided before the last pod has ended.</param>
internal sealed record JobVerdict(string Type, string Reason, string Message)
{
    /// <summary>The condition that ends the Job once no pod runs.</summary>
    public string FinalType => Type == JobConditionType.FailureTarget ? JobConditionType.Failed : JobConditionType.Complete;

    /// <summary>Whether the Job has failed or succeeded; null: neither yet.</summary>
    public static JobVerdict? Of(Job job, JobCounts counts, DateTimeOffset now)
    {
        foreach (var type in (string[])[JobConditionType.FailureTarget, JobConditionType.SuccessCriteriaMet])
        {
            // Decided before; later events change nothing.
            if (JobFacts.Condition(job, type) is { Status: ConditionStatus.True } decided)
                return new(type, decided.Reason, decided.Message);
        }
        return ByPolicy(counts) ?? ByLimits(job, counts, now) ?? ByIndexes(job, counts) ?? BySuccess(job, counts);
    }

    private static JobVerdict? ByPolicy(JobCounts counts)
    {
        foreach (var verdict in counts.Verdicts.Values)
        {
            if (verdict.Action == PodFailurePolicyAction.FailJob)
                return Failure("PodFailurePolicy", verdict.Message);
        }
        return null;
    }

    private static JobVerdict? ByLimits(Job job, JobCounts counts, DateTimeOffset now)
    {
        var limit = job.Spec.BackoffLimit ?? 6;
        if (counts.Failed > limit || RestartedTooOften(job, counts, limit))
            return Failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        if (job.Spec.Suspend != true && job.Spec.ActiveDeadlineSeconds is { } deadline && job.Status.StartTime is { } started
            && started.AddSeconds(deadline) <= now)
            return Failure("DeadlineExceeded", "Job was active longer than specified deadline");
        return null;
    }

    // Where containers restart in place, their restarts count as failures do.
    private static bool RestartedTooOften(Job job, JobCounts counts, int limit)
    {
        if (job.Spec.Template.Spec.RestartPolicy != RestartPolicy.OnFailure)
            return false;
        var restarts = counts.Active.Where(p => p.Status.Phase is PodPhase.Running or PodPhase.Pending).Sum(JobPods.Restarts);
        return limit == 0 ? restarts > 0 : restarts >= limit;
    }

    private static JobVerdict? ByIndexes(Job job, JobCounts counts)
    {
        if (counts.FailedIndexes is not { Count: > 0 } failed)
            return null;
        if (job.Spec.MaxFailedIndexes is { } most && failed.Count > most)
            return Failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        return failed.Count + counts.CompletedIndexes.Count >= job.Spec.Completions ? Failure("FailedIndexes", "Job has failed indexes") : null;
    }

    private static JobVerdict? BySuccess(Job job, JobCounts counts)
    {
        for (var i = 0; i < (job.Spec.SuccessPolicy?.Rules.Count ?? 0); i++)
        {
            if (Matches(job.Spec.SuccessPolicy!.Rules[i], job, counts))
                return new(JobConditionType.SuccessCriteriaMet, "SuccessPolicy", $"Matched rules at index {i}");
        }
        var complete = job.Spec.Completions is { } completions
            ? counts.Succeeded >= completions
            : counts.Succeeded > 0 && counts.Active.Count == 0;
        return complete ? new(JobConditionType.SuccessCriteriaMet, "CompletionsReached", "Reached expected number of succeeded pods") : null;
    }

    private static bool Matches(SuccessPolicyRule rule, Job job, JobCounts counts)
    {
        var completions = job.Spec.Completions ?? 0;
        if (string.IsNullOrEmpty(rule.SucceededIndexes))
            return rule.SucceededCount is { } needed && counts.CompletedIndexes.Count >= needed;
        var listed = IndexSet.Parse(rule.SucceededIndexes, completions);
        var done = listed.Count(counts.CompletedIndexes.Contains);
        return rule.SucceededCount is { } count ? done >= count : done == listed.Count;
    }

    private static JobVerdict Failure(string reason, string message) => new(JobConditionType.FailureTarget, reason, message);
}
