using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Starts Jobs by the clock.</summary>
/// <remarks>A Job's name is made of its scheduled time, so that no time is served twice whatever is lost or repeated.</remarks>
internal sealed class CronJobController(IApiClient api, Lister<CronJob> cronJobs, Lister<Job> jobs, EventRecorder events, TimeProvider clock) : IReconciler
{
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    private const int TooManyMissed = 100;

    // A little late is better than a little early, when the schedule has not yet come.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    public static IReconciler Make(ControllerContext c) =>
        new CronJobController(c.Api, c.Lister<CronJob>(), c.Informer<Job>().IndexByController().Lister, c.Events("cronjob-controller"), c.Clock);

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (cronJobs.Find(name) is not { Metadata.DeletionTimestamp: null } cronJob)
            return ReconcileResult.Done;
        var own = jobs.ControlledBy(cronJob);
        var status = Review(cronJob, own);
        await CleanUpAsync(cronJob, own, cancellation).ConfigureAwait(false);
        var result = ReconcileResult.Done;
        if (cronJob.Spec.Suspend != true && Schedule(cronJob) is var (schedule, zone))
            (status, result) = await StartDueAsync(cronJob, status, schedule, zone, cancellation).ConfigureAwait(false);
        if (status != cronJob.Status)
            await api.UpdateStatusAsync(cronJob with { Status = status }, cancellation).ConfigureAwait(false);
        return result;
    }

    /// <summary>The list of running Jobs, brought up to date.</summary>
    private CronJobStatus Review(CronJob cronJob, IReadOnlyList<Job> own)
    {
        var active = new List<ObjectReference>();
        foreach (var reference in cronJob.Status.Active)
        {
            if (own.FirstOrDefault(j => j.Metadata.Uid == reference.Uid) is not { } job)
            {
                // Just made, and the lister does not show it yet; or gone.
                if (Versions.Parse(reference.ResourceVersion) == 0)
                    events.Normal(cronJob, "MissingJob", $"Active job went missing: {reference.Name}");
            }
            else if (!JobFacts.IsFinished(job))
            {
                active.Add(reference);
            }
            else
            {
                events.Normal(cronJob, "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {(JobFacts.Holds(job, JobConditionType.Complete) ? "Complete" : "Failed")}");
            }
        }
        var known = active.Select(a => a.Uid).ToHashSet(StringComparer.Ordinal);
        active.AddRange(own.Where(j => !JobFacts.IsFinished(j) && j.Metadata.DeletionTimestamp is null && !known.Contains(j.Metadata.Uid)).Select(ReferenceTo));
        var lastSuccess = own.Where(j => JobFacts.Holds(j, JobConditionType.Complete)).Select(JobFacts.FinishedAt).Append(cronJob.Status.LastSuccessfulTime).Max();
        return cronJob.Status with
        {
            Active = active.OrderBy(a => a.Name, StringComparer.Ordinal).ToApiList() is { Count: > 0 } list ? list : default,
            LastSuccessfulTime = lastSuccess,
        };
    }

    private (CronSchedule, TimeZoneInfo)? Schedule(CronJob cronJob)
    {
        try
        {
            var zone = string.IsNullOrEmpty(cronJob.Spec.TimeZone) ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(cronJob.Spec.TimeZone);
            return (CronSchedule.Parse(cronJob.Spec.Schedule), zone);
        }
        catch (FormatException error)
        {
            events.Warning(cronJob, "UnparseableSchedule", $"unparseable schedule: \"{cronJob.Spec.Schedule}\" : {error.Message}");
        }
        catch (Exception error) when (error is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            events.Warning(cronJob, "UnknownTimeZone", $"invalid timeZone: \"{cronJob.Spec.TimeZone}\": unknown time zone {cronJob.Spec.TimeZone}");
        }
        return null;    // until somebody mends it
    }

    private async Task<(CronJobStatus, ReconcileResult)> StartDueAsync(CronJob cronJob, CronJobStatus status, CronSchedule schedule, TimeZoneInfo zone,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var result = schedule.Next(now, zone) is { } next ? ReconcileResult.After(next - now + Margin) : ReconcileResult.Done;
        if (MostRecentDue(cronJob, schedule, zone, now) is not { } due)
            return (status, result);
        if (cronJob.Spec.StartingDeadlineSeconds is { } deadline && due.AddSeconds(deadline) < now)
        {
            events.Warning(cronJob, "MissSchedule", $"Missed scheduled time to start a job: {due.UtcDateTime.ToString("R", CultureInfo.InvariantCulture)}");
            return (status, result);
        }
        if (status.Active.Count > 0 && cronJob.Spec.ConcurrencyPolicy == ConcurrencyPolicy.Forbid)
        {
            events.Normal(cronJob, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return (status, result);
        }
        if (cronJob.Spec.ConcurrencyPolicy == ConcurrencyPolicy.Replace)
        {
            foreach (var running in status.Active)
                await DeleteAsync(cronJob, new(cronJob.Metadata.Namespace, running.Name), running.Uid, cancellation).ConfigureAwait(false);
            status = status with { Active = default };
        }
        if (await CreateAsync(cronJob, due, zone, cancellation).ConfigureAwait(false) is { } started)
            status = status with { Active = status.Active.Where(a => a.Uid != started.Metadata.Uid).Append(ReferenceTo(started)).ToApiList() };
        return (status with { LastScheduleTime = due }, result);
    }

    /// <summary>The latest time that has come and was not served.</summary>
    private DateTimeOffset? MostRecentDue(CronJob cronJob, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now)
    {
        var from = cronJob.Status.LastScheduleTime ?? cronJob.Metadata.CreationTimestamp ?? now;
        if (cronJob.Spec.StartingDeadlineSeconds is { } deadline && now.AddSeconds(-deadline) is var earliest && earliest > from)
            from = earliest;
        DateTimeOffset? due = null;
        var missed = 0;
        for (var t = schedule.Next(from, zone); t <= now; t = schedule.Next(t.Value, zone))
        {
            due = t;
            // After a very long pause it is enough to look at its end.
            if (++missed == TooManyMissed && now - t.Value > TimeSpan.FromDays(1))
                t = now.AddDays(-1);
        }
        if (missed > TooManyMissed)
            events.Warning(cronJob, "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        return due;
    }

    private async Task<Job?> CreateAsync(CronJob cronJob, DateTimeOffset due, TimeZoneInfo zone, CancellationToken cancellation)
    {
        var template = cronJob.Spec.JobTemplate;
        var wanted = new Job
        {
            Metadata = new()
            {
                Namespace = cronJob.Metadata.Namespace,
                Name = string.Create(CultureInfo.InvariantCulture, $"{cronJob.Metadata.Name}-{due.ToUnixTimeSeconds() / 60}"),
                Labels = template.Metadata.Labels,
                Annotations = template.Metadata.Annotations.With(ScheduledAt,
                    TimeZoneInfo.ConvertTime(due, zone).ToString(due.Offset == TimeSpan.Zero && zone == TimeZoneInfo.Utc ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)),
                OwnerReferences = [Owners.Controller(cronJob)],
            },
            Spec = template.Spec,
        };
        try
        {
            var made = await api.CreateAsync(wanted, cancellation).ConfigureAwait(false);
            events.Normal(cronJob, "SuccessfulCreate", $"Created job {made.Metadata.Name}");
            return made;
        }
        catch (ApiException taken) when (taken.Reason == StatusReason.AlreadyExists)
        {
            // Made before, and only the status did not say so.
            var there = await api.FindAsync<Job>(wanted.FullName(), cancellation).ConfigureAwait(false);
            return there is not null && Owners.IsControlledBy(there.Metadata, cronJob) && !JobFacts.IsFinished(there) ? there : null;
        }
        catch (ApiException refused) when (PodControl.IsNamespaceTerminating(refused))
        {
            return null;
        }
        catch (ApiException refused)
        {
            events.Warning(cronJob, "FailedCreate", $"Error creating job: {refused.Message}");
            throw;
        }
    }

    /// <summary>Deletes the oldest finished Jobs beyond the history that is to be kept.</summary>
    private async Task CleanUpAsync(CronJob cronJob, IReadOnlyList<Job> own, CancellationToken cancellation)
    {
        foreach (var (type, limit) in ((string, int?)[])[(JobConditionType.Complete, cronJob.Spec.SuccessfulJobsHistoryLimit), (JobConditionType.Failed, cronJob.Spec.FailedJobsHistoryLimit)])
        {
            if (limit is not { } keep)
                continue;
            var finished = own.Where(j => JobFacts.Holds(j, type) && j.Metadata.DeletionTimestamp is null).OrderBy(j => j.Status.StartTime).ThenBy(j => j.Metadata.Name, StringComparer.Ordinal).ToList();
            foreach (var job in finished.Take(Math.Max(0, finished.Count - keep)))
                await DeleteAsync(cronJob, job.FullName(), job.Metadata.Uid, cancellation).ConfigureAwait(false);
        }
    }

    private async Task DeleteAsync(CronJob cronJob, NamespacedName job, string uid, CancellationToken cancellation)
    {
        try
        {
            await api.DeleteAsync<Job>(job, new() { PropagationPolicy = DeletionPropagation.Background, Preconditions = new() { Uid = uid } }, cancellation)
                .ConfigureAwait(false);
            events.Normal(cronJob, "SuccessfulDelete", $"Deleted job {job.Name}");
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // What was wanted.
        }
    }

    private static ObjectReference ReferenceTo(Job job) => new()
    {
        Kind = "Job",
        ApiVersion = "batch/v1",
        Namespace = job.Metadata.Namespace,
        Name = job.Metadata.Name,
        Uid = job.Metadata.Uid,
        ResourceVersion = job.Metadata.ResourceVersion,
    };
}
