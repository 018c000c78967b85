using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Judges a change of a job's status: jobs may be run by controllers of others, which are held to what clients rely on. Most
/// rules are asked for only where what they are about has changed.</summary>
internal static class JobStatusValidation
{
    private const string Complete = "Complete";
    private const string Failed = "Failed";
    private const string FailureTarget = "FailureTarget";
    private const string SuccessCriteriaMet = "SuccessCriteriaMet";
    private static readonly FieldPath ConditionsPath = Paths.Status.Child("conditions");

    public static void Validate(Job updated, Job old, FieldErrors errors)
    {
        Counters(updated.Status, errors);
        Outcome(updated, old, errors);
        Finished(updated, old, errors);
        Indexes(updated, old, errors);
        var (now, before, spec) = (updated.Status, old.Status, updated.Spec);
        if (now.Terminating > 0 && IsFinished(now) && (IsFinished(before) != IsFinished(now) || now.Terminating != before.Terminating))
            errors.Invalid(Paths.Status.Child("terminating"), now.Terminating, "terminating>0 is invalid for finished job");
        if (now.Ready > now.Active && (now.Ready != before.Ready || now.Active != before.Active))
            errors.Invalid(Paths.Status.Child("ready"), now.Ready, "cannot set more ready pods than active");
        if (Is(now, SuccessCriteriaMet) && Is(now, Failed))
            Conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
        if (Is(now, SuccessCriteriaMet) && Is(now, FailureTarget))
            Conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
        if (spec.SuccessPolicy is not null && !Is(now, SuccessCriteriaMet) && Is(now, Complete))
            Conditions("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True", errors);
        Change(updated, old, errors);
    }

    private static void Counters(JobStatus status, FieldErrors errors)
    {
        var path = Paths.Status;
        CommonRules.NonNegative(status.Active, path.Child("active"), errors);
        CommonRules.NonNegative(status.Succeeded, path.Child("succeeded"), errors);
        CommonRules.NonNegative(status.Failed, path.Child("failed"), errors);
        CommonRules.NonNegative(status.Ready ?? 0, path.Child("ready"), errors);
        CommonRules.NonNegative(status.Terminating ?? 0, path.Child("terminating"), errors);
        if (status.UncountedTerminatedPods is not { } uncounted)
            return;
        var seen = new HashSet<string>();
        Uids(uncounted.Succeeded, path.Child("uncountedTerminatedPods").Child("succeeded"), seen, errors);
        Uids(uncounted.Failed, path.Child("uncountedTerminatedPods").Child("failed"), seen, errors);
    }

    private static void Uids(ApiList<string> uids, FieldPath path, HashSet<string> seen, FieldErrors errors)
    {
        for (var i = 0; i < uids.Count; i++)
            if (uids[i].Length == 0)
                errors.Invalid(path.Index(i), uids[i], "must not be empty");
            else if (!seen.Add(uids[i]))
                errors.Duplicate(path.Index(i), uids[i]);
    }

    private static void Outcome(Job updated, Job old, FieldErrors errors)
    {
        var (now, before) = (updated.Status, old.Status);
        var (complete, failed) = (Is(now, Complete), Is(now, Failed));
        var completeChanged = complete != Is(before, Complete);
        var failedChanged = failed != Is(before, Failed);
        var targetChanged = Is(now, FailureTarget) != Is(before, FailureTarget);
        var path = Paths.Status.Child("completionTime");
        if (complete && failed && (completeChanged || failedChanged))
            Conditions("cannot set Complete=True and Failed=true conditions", errors);
        if (complete && Is(now, FailureTarget) && (completeChanged || targetChanged))
            Conditions("cannot set Complete=True and FailureTarget=true conditions", errors);
        if (completeChanged || now.CompletionTime != before.CompletionTime)
        {
            if (now.CompletionTime is not null && !complete)
                errors.Invalid(path, now.CompletionTime, "cannot set completionTime when there is no Complete=True condition");
            if (now.CompletionTime is null && complete)
                errors.Required(path, "completionTime is required for Complete jobs");
        }

        if (now.CompletionTime < now.StartTime && (now.StartTime != before.StartTime || now.CompletionTime != before.CompletionTime))
            errors.Invalid(path, now.CompletionTime, "completionTime cannot be set before startTime");
        if (failed && !Is(now, FailureTarget) && (failedChanged || targetChanged))
            Conditions("cannot set Failed=True condition without the FailureTarget=true condition", errors);
        if (complete && !Is(now, SuccessCriteriaMet) && (completeChanged || Is(before, SuccessCriteriaMet)))
            Conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition", errors);
    }

    private static void Finished(Job updated, Job old, FieldErrors errors)
    {
        var (now, before) = (updated.Status, old.Status);
        if (!IsFinished(now))
            return;
        var newly = !IsFinished(before);
        if (now.Active > 0 && (newly || now.Active != before.Active))
            errors.Invalid(Paths.Status.Child("active"), now.Active, "active>0 is invalid for finished job");
        if (now.StartTime is null && (newly || before.StartTime is not null))
            errors.Required(Paths.Status.Child("startTime"), "startTime is required for finished job");
        if (now.UncountedTerminatedPods is { } uncounted && uncounted.Failed.Count + uncounted.Succeeded.Count > 0
            && (newly || uncounted != before.UncountedTerminatedPods))
            errors.Invalid(Paths.Status.Child("uncountedTerminatedPods"), uncounted, "uncountedTerminatedPods needs to be empty for finished job");
    }

    private static void Indexes(Job updated, Job old, FieldErrors errors)
    {
        var (now, before, spec) = (updated.Status, old.Status, updated.Spec);
        var completed = now.CompletedIndexes;
        var completedChanged = completed != before.CompletedIndexes;
        var failedChanged = now.FailedIndexes != before.FailedIndexes;
        var (completedPath, failedPath) = (Paths.Status.Child("completedIndexes"), Paths.Status.Child("failedIndexes"));
        if (completedChanged && spec.Completions is { } all && JobIndexes.Problem(completed, all, out _) is { } problem)
            errors.Invalid(completedPath, completed, $"error parsing completedIndexes: {problem}");
        if (failedChanged && now.FailedIndexes is { } failed && spec is { BackoffLimitPerIndex: not null, Completions: { } most }
            && JobIndexes.Problem(failed, most, out _) is { } failedProblem)
            errors.Invalid(failedPath, failed, $"error parsing failedIndexes: {failedProblem}");
        if (completedChanged && completed.Length > 0 && spec.CompletionMode != "Indexed")
            errors.Invalid(completedPath, completed, "cannot set non-empty completedIndexes when non-indexed completion mode");
        if (failedChanged && now.FailedIndexes is not null && spec.BackoffLimitPerIndex is null)
            errors.Invalid(failedPath, now.FailedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
        if ((failedChanged || completedChanged) && now.FailedIndexes is not null && spec.Completions is { } completions
            && JobIndexes.Overlap(completed, now.FailedIndexes, completions) is { } index)
            errors.Invalid(failedPath, now.FailedIndexes, $"failedIndexes and completedIndexes overlap at index: {index}");
    }

    private static void Change(Job updated, Job old, FieldErrors errors)
    {
        var (now, before) = (updated.Status, old.Status);
        foreach (var type in (ReadOnlySpan<string>)[Failed, Complete, FailureTarget])
            if (Is(before, type) && !Is(now, type))
                Conditions($"cannot disable the terminal {type}=True condition", errors);
        if (now.Failed < before.Failed)
            errors.Invalid(Paths.Status.Child("failed"), now.Failed, "cannot decrease the failed counter");
        // A job that was made smaller has fewer of them.
        var elastic = updated.Spec.CompletionMode == "Indexed" && updated.Spec.Completions == updated.Spec.Parallelism;
        if (now.Succeeded < before.Succeeded && !elastic)
            errors.Invalid(Paths.Status.Child("succeeded"), now.Succeeded, "cannot decrease the succeeded counter");
        if (now.CompletionTime is not null && before.CompletionTime is not null && now.CompletionTime != before.CompletionTime)
            errors.Invalid(Paths.Status.Child("completionTime"), now.CompletionTime, "completionTime cannot be mutated");
        if (before.StartTime is not null && now.StartTime != before.StartTime && updated.Spec.Suspend != true)
            errors.Required(Paths.Status.Child("startTime"), "startTime cannot be removed for unsuspended job");
        if (Is(before, SuccessCriteriaMet) && !Is(now, SuccessCriteriaMet))
            Conditions("cannot disable the SuccessCriteriaMet=True condition", errors);
        if (Is(before, Complete) && !Is(before, SuccessCriteriaMet) && Is(now, SuccessCriteriaMet))
            Conditions("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions", errors);
    }

    private static bool IsFinished(JobStatus status) => Is(status, Complete) || Is(status, Failed);

    private static bool Is(JobStatus status, string type)
    {
        foreach (var condition in status.Conditions)
            if (condition.Type == type && condition.Status == "True")
                return true;
        return false;
    }

    private static void Conditions(string message, FieldErrors errors) => errors.Invalid(ConditionsPath, BadValues.Omitted, message);
}
