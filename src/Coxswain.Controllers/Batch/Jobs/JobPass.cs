using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>One pass over one Job: decide, start or stop pods, count the finished, write the status.</summary>
internal sealed class JobPass(IApiClient api, PodControl control, PodExpectations expectations, EventRecorder events, TimeProvider clock,
    Job job, List<Pod> pods, bool settled)
{
    private const int Burst = 500;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(10);

    private readonly NamespacedName _name = job.FullName();
    private readonly DateTimeOffset _now = clock.GetUtcNow();
    private readonly bool _wasSuspended = JobFacts.Holds(job, JobConditionType.Suspended);
    private TimeSpan? _again;
    private Exception? _failure;

    private string Mode => JobPods.IsIndexed(job) ? "Indexed" : "NonIndexed";

    private bool IsSuspended => job.Spec.Suspend == true;

    public async Task<ReconcileResult> RunAsync(CancellationToken cancellation)
    {
        var counts = new JobCounts(job, pods);
        var verdict = JobVerdict.Of(job, counts, _now);
        var active = counts.Active.Count;
        if (settled && job.Metadata.DeletionTimestamp is null)
            active = verdict is not null || IsSuspended
                ? await StopAsync(counts.Active, cancellation).ConfigureAwait(false)
                : await ManageAsync(counts, cancellation).ConfigureAwait(false);

        var status = Begin(counts, verdict, active);
        status = await CountAsync(status, counts, cancellation).ConfigureAwait(false);
        // Pods that were stopped just now have yet to end.
        if (verdict is not null && active == 0 && counts.Active.Count == 0 && counts.Terminating == 0)
            status = Finish(status, verdict);
        await WriteAsync(status, cancellation).ConfigureAwait(false);
        Tell(verdict, status);
        if (_failure is not null)
            throw new ReplicaFailureException(_failure);
        return Next(verdict) is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    /// <summary>Removes the mark that keeps a finished pod until it has been counted.</summary>
    public static async Task UntrackAsync(IApiClient api, Pod pod, CancellationToken cancellation)
    {
        try
        {
            await api.PatchAsync<Pod>(pod.FullName(), MetadataPatch.WithoutFinalizer(pod.Metadata, JobPods.Finalizer), cancellation).ConfigureAwait(false);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Gone without our leave; it has been counted all the same.
        }
    }

    /// <summary>The status as it will be, but for the counting of finished pods.</summary>
    private JobStatus Begin(JobCounts counts, JobVerdict? verdict, int active)
    {
        var status = job.Status with
        {
            Active = active,
            Ready = counts.Active.Count(PodFacts.IsReady),
            Terminating = counts.Terminating,
            StartTime = job.Status.StartTime ?? (IsSuspended ? null : _now),
        };
        if (JobPods.IsIndexed(job))
            status = status with
            {
                CompletedIndexes = IndexSet.Format(counts.CompletedIndexes),
                FailedIndexes = counts.FailedIndexes is { } failed ? IndexSet.Format(failed) : null,
            };
        if (verdict is not null)
            return status with { Conditions = With(status.Conditions, verdict.Type, ConditionStatus.True, verdict.Reason, verdict.Message) };
        var suspended = JobFacts.Condition(status.Conditions, JobConditionType.Suspended);
        if (IsSuspended && suspended?.Status != ConditionStatus.True)
            return status with
            {
                Conditions = With(status.Conditions, JobConditionType.Suspended, ConditionStatus.True, "JobSuspended", "Job suspended"),
                StartTime = null,
            };
        if (!IsSuspended && suspended?.Status == ConditionStatus.True)
            return status with
            {
                Conditions = With(status.Conditions, JobConditionType.Suspended, ConditionStatus.False, "JobResumed", "Job resumed"),
                StartTime = _now,
            };
        return status;
    }

    /// <summary>Counts finished pods in three steps, each of which may be the last before a crash: 1. the status names them, 2. their marks go,
    /// 3. the status counts them. A pod named twice is counted once.</summary>
    private async Task<JobStatus> CountAsync(JobStatus status, JobCounts counts, CancellationToken cancellation)
    {
        var uncounted = status.UncountedTerminatedPods ?? UncountedTerminatedPods.Empty;
        var succeeded = uncounted.Succeeded.Concat(counts.NewlySucceeded.Select(p => p.Metadata.Uid)).Distinct().ToApiList();
        var failed = uncounted.Failed.Concat(counts.NewlyFailed.Where(p => !counts.IsIgnored(p)).Select(p => p.Metadata.Uid)).Distinct().ToApiList();
        if (succeeded.Count + failed.Count + counts.NewlyFailed.Count == 0)
            return status with { UncountedTerminatedPods = UncountedTerminatedPods.Empty };

        status = status with { UncountedTerminatedPods = new() { Succeeded = succeeded, Failed = failed } };
        await WriteAsync(status, cancellation).ConfigureAwait(false);

        var named = succeeded.Concat(failed).ToHashSet(StringComparer.Ordinal);
        var marked = pods.Where(p => JobPods.IsTracked(p) && (named.Contains(p.Metadata.Uid) || counts.NewlyFailed.Contains(p))).ToList();
        await Task.WhenAll(marked.Select(p => UntrackAsync(api, p, cancellation))).ConfigureAwait(false);

        ControllerMetrics.JobPodsFinished.Add(succeeded.Count, new("completion_mode", Mode), new("result", "succeeded"));
        ControllerMetrics.JobPodsFinished.Add(failed.Count, new("completion_mode", Mode), new("result", "failed"));
        return status with
        {
            UncountedTerminatedPods = UncountedTerminatedPods.Empty,
            Succeeded = JobPods.IsIndexed(job) ? counts.CompletedIndexes.Count : status.Succeeded + succeeded.Count,
            Failed = status.Failed + failed.Count,
        };
    }

    private JobStatus Finish(JobStatus status, JobVerdict verdict) => status with
    {
        Conditions = With(status.Conditions, verdict.FinalType, ConditionStatus.True, verdict.Reason, verdict.Message),
        CompletionTime = verdict.FinalType == JobConditionType.Complete ? _now : status.CompletionTime,
        Ready = 0,
    };

    private async Task WriteAsync(JobStatus status, CancellationToken cancellation)
    {
        if (status == job.Status)
            return;
        job = await api.UpdateStatusAsync(job with { Status = status }, cancellation).ConfigureAwait(false);
    }

    private void Tell(JobVerdict? verdict, JobStatus status)
    {
        if (verdict is null && IsSuspended != _wasSuspended)
            events.Normal(job, IsSuspended ? "Suspended" : "Resumed", IsSuspended ? "Job suspended" : "Job resumed");
        if (verdict is null || JobFacts.Condition(status.Conditions, verdict.FinalType) is null)
            return;
        var isComplete = verdict.FinalType == JobConditionType.Complete;
        ControllerMetrics.JobsFinished.Add(1, new("completion_mode", Mode), new("result", isComplete ? "succeeded" : "failed"), new("reason", verdict.Reason));
        if (isComplete)
            events.Normal(job, "Completed", "Job completed");
        else
            events.Warning(job, verdict.Reason, verdict.Message);
    }

    /// <summary>Starts pods that are missing and stops those that are too many; returns how many are active then.</summary>
    private async Task<int> ManageAsync(JobCounts counts, CancellationToken cancellation)
    {
        var active = counts.Active.Count;
        var wanted = Wanted(counts);
        if (active > wanted)
            return await StopAsync([.. counts.Active.OrderBy(PodFacts.IsReady).ThenByDescending(JobPods.IndexOf).Take(active - wanted)], cancellation)
                .ConfigureAwait(false) + wanted;
        var missing = Math.Min(wanted - active - (JobPods.ReplacesOnlyFailed(job) ? counts.Terminating : 0), Burst);
        if (missing <= 0)
            return active;
        var toStart = JobPods.IsIndexed(job) ? NextIndexes(counts, missing) : Enumerable.Repeat<(int?, int)>((null, 0), missing).ToList();
        if (job.Spec.BackoffLimitPerIndex is null && BackOff(p => true) is { } wait)
        {
            _again = wait;
            return active;
        }
        var (started, error) = await SlowStart.RunAsync(toStart.Count, async i =>
        {
            var pod = JobPods.Render(job, toStart[i].Item1, toStart[i].Item2);
            expectations.Created(_name, await control.CreateAsync(pod, job, cancellation).ConfigureAwait(false));
        }).ConfigureAwait(false);
        if (error is not null && !(error is ApiException refused && PodControl.IsNamespaceTerminating(refused)))
            _failure = error;
        return active + started;
    }

    private int Wanted(JobCounts counts)
    {
        var parallelism = job.Spec.Parallelism ?? 1;
        if (job.Spec.Completions is not { } completions)
            // A work queue: once one has succeeded, no new ones are started.
            return counts.Succeeded > 0 ? Math.Min(counts.Active.Count, parallelism) : parallelism;
        return Math.Min(parallelism, Math.Max(0, completions - counts.Succeeded - (counts.FailedIndexes?.Count ?? 0)));
    }

    /// <summary>The lowest indexes that neither run nor are done, each with how often it has failed.</summary>
    private List<(int?, int)> NextIndexes(JobCounts counts, int count)
    {
        var taken = counts.Active.Select(JobPods.IndexOf).OfType<int>().ToHashSet();
        if (JobPods.ReplacesOnlyFailed(job))
            taken.UnionWith(pods.Where(PodFacts.IsTerminating).Select(JobPods.IndexOf).OfType<int>());
        var result = new List<(int?, int)>();
        for (var i = 0; i < job.Spec.Completions && result.Count < count; i++)
        {
            if (taken.Contains(i) || counts.CompletedIndexes.Contains(i) || counts.FailedIndexes?.Contains(i) == true)
                continue;
            if (job.Spec.BackoffLimitPerIndex is not null && BackOff(p => JobPods.IndexOf(p) == i) is { } wait)
            {
                _again = _again is null || wait < _again ? wait : _again;
                continue;
            }
            var failures = pods.Where(p => JobPods.IndexOf(p) == i && p.Status.Phase == PodPhase.Failed && !counts.IsIgnored(p))
                .Select(p => JobPods.IndexFailuresOf(p) + 1).DefaultIfEmpty(0).Max();
            result.Add((i, failures));
        }
        return result;
    }

    /// <summary>How long to wait after failures in a row; null: not (any more).</summary>
    private TimeSpan? BackOff(Func<Pod, bool> among)
    {
        var failures = 0;
        DateTimeOffset? last = null;
        foreach (var (pod, at) in pods.Where(p => PodFacts.IsFinished(p) && among(p)).Select(p => (p, JobPods.FinishedAt(p, _now))).OrderByDescending(p => p.Item2))
        {
            if (pod.Status.Phase == PodPhase.Succeeded)
                break;
            failures++;
            last ??= at;
        }
        if (last is not { } latest)
            return null;
        var pause = FirstBackOff * Math.Pow(2, Math.Min(failures - 1, 20));
        var left = latest + (pause < LongestBackOff ? pause : LongestBackOff) - _now;
        return left > TimeSpan.Zero ? left : null;
    }

    /// <summary>Stops pods; returns how many of them are left.</summary>
    private async Task<int> StopAsync(List<Pod> active, CancellationToken cancellation)
    {
        var stopped = 0;
        foreach (var pod in active.Take(Burst))
        {
            try
            {
                await control.DeleteAsync(pod, job, cancellation).ConfigureAwait(false);
                expectations.Deleted(_name, pod);
                stopped++;
            }
            catch (ApiException refused)
            {
                _failure = refused;
            }
        }
        return active.Count - stopped;
    }

    private TimeSpan? Next(JobVerdict? verdict)
    {
        if (verdict is null && !IsSuspended && job.Spec.ActiveDeadlineSeconds is { } deadline && job.Status.StartTime is { } started)
        {
            var left = started.AddSeconds(deadline) - _now;
            if (_again is null || left < _again)
                _again = left;
        }
        return _again;
    }

    private ApiList<JobCondition> With(ApiList<JobCondition> conditions, string type, string status, string reason, string message)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type == type)
                return conditions[i].Status == status
                    ? conditions
                    : conditions.SetItem(i, conditions[i] with
                    {
                        Status = status, Reason = reason, Message = message, LastProbeTime = _now, LastTransitionTime = _now,
                    });
        }
        return conditions.Add(new() { Type = type, Status = status, Reason = reason, Message = message, LastProbeTime = _now, LastTransitionTime = _now });
    }
}
