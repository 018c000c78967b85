using Coxswain.Api.Batch.V1;

namespace Coxswain.ApiServer.Tables.Batch;

internal static class BatchColumns
{
    public static TableColumns Jobs { get; } = TableColumns.For<Job>()
        .Name()
        .Add("Status", Status)
        .Add("Completions", Completions, description: "Pods that succeeded of those that must.")
        .Add("Duration", (job, now) => Duration(job, now), description: "How long the job ran, or has been running.")
        .Age()
        .Containers(job => job.Spec.Template.Spec)
        .Wide("Selector", job => TableText.Selector(job.Spec.Selector))
        .Build();

    public static TableColumns CronJobs { get; } = TableColumns.For<CronJob>()
        .Name()
        .Add("Schedule", o => o.Spec.Schedule)
        .Add("Timezone", o => o.Spec.TimeZone ?? TableText.None)
        .Boolean("Suspend", o => TableText.Condition(o.Spec.Suspend))
        .Integer("Active", o => o.Status.Active.Count)
        .Add("Last Schedule", (o, now) => o.Status.LastScheduleTime is { } last ? HumanDuration.Since(last, now) : TableText.None)
        .Age()
        .Containers(o => o.Spec.JobTemplate.Spec.Template.Spec)
        .Wide("Selector", o => TableText.Selector(o.Spec.JobTemplate.Spec.Selector))
        .Build();

    private static Cell Status(Job job) =>
        Has(job, "Complete") ? "Complete"
        : Has(job, "Failed") ? "Failed"
        : job.Metadata.DeletionTimestamp is not null ? "Terminating"
        : Has(job, "Suspended") ? "Suspended"
        : Has(job, "FailureTarget") ? "FailureTarget"
        : Has(job, "SuccessCriteriaMet") ? "SuccessCriteriaMet"
        : "Running";

    private static bool Has(Job job, string type) => job.Status.Conditions.Any(condition => condition.Type == type && condition.Status == "True");

    private static Cell Completions(Job job) =>
        job.Spec.Completions is { } completions ? $"{job.Status.Succeeded}/{completions}"
        : job.Spec.Parallelism is > 1 and var parallelism ? $"{job.Status.Succeeded}/1 of {parallelism}"
        : $"{job.Status.Succeeded}/1";

    private static Cell Duration(Job job, DateTimeOffset now) =>
        job.Status.StartTime is { } start ? HumanDuration.Format((job.Status.CompletionTime ?? now) - start) : "";
}
