using Coxswain.Api;
using Coxswain.Api.Batch.V1;

namespace Coxswain.Controllers;

/// <summary>What controllers ask of a Job.</summary>
internal static class JobFacts
{
    public static JobCondition? Condition(Job job, string type) => Condition(job.Status.Conditions, type);

    public static JobCondition? Condition(ApiList<JobCondition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type)
                return condition;
        }
        return null;
    }

    public static bool Holds(Job job, string type) => Condition(job, type)?.Status == ConditionStatus.True;

    public static bool IsFinished(Job job) => Holds(job, JobConditionType.Complete) || Holds(job, JobConditionType.Failed);

    /// <summary>When the Job succeeded or failed; null while it has not.</summary>
    public static DateTimeOffset? FinishedAt(Job job)
    {
        foreach (var condition in job.Status.Conditions)
        {
            if (condition is { Type: JobConditionType.Complete or JobConditionType.Failed, Status: ConditionStatus.True })
                return condition.LastTransitionTime;
        }
        return null;
    }
}
