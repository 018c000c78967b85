using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>The rules of cron jobs.</summary>
internal sealed class CronJobStrategy : Strategy<CronJob>
{
    // Names of jobs get a suffix of eleven characters.
    private const int MaxNameLength = 52;

    public override bool HasGeneration => true;

    protected override CronJob WithStatusOf(CronJob o, CronJob source) => o with { Status = source.Status };

    protected override CronJob Default(CronJob o) => o with
    {
        Spec = o.Spec with
        {
            ConcurrencyPolicy = VolumeDefaults.Or(o.Spec.ConcurrencyPolicy, "Allow"),
            Suspend = o.Spec.Suspend ?? false,
            SuccessfulJobsHistoryLimit = o.Spec.SuccessfulJobsHistoryLimit ?? 3,
            FailedJobsHistoryLimit = o.Spec.FailedJobsHistoryLimit ?? 1,
            JobTemplate = o.Spec.JobTemplate with
            {
                Spec = o.Spec.JobTemplate.Spec with { Template = PodDefaults.Template(o.Spec.JobTemplate.Spec.Template) },
            },
        },
    };

    protected override void Validate(StrategyContext c, CronJob o, FieldErrors errors)
    {
        ValidateMetadata(o, errors);
        ValidateObject(c, o, errors);
        if (o.Metadata.Name.Length > MaxNameLength)
            errors.Invalid(Paths.Metadata.Child("name"), o.Metadata.Name, $"must be no more than {MaxNameLength} characters");
    }

    protected override void ValidateObject(StrategyContext c, CronJob o, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.Schedule.Length == 0)
            errors.Required(path.Child("schedule"));
        else
            Schedule(spec, path, errors);
        if (spec.StartingDeadlineSeconds is { } deadline)
            CommonRules.NonNegative(deadline, path.Child("startingDeadlineSeconds"), errors);
        CommonRules.OneOf(spec.ConcurrencyPolicy, path.Child("concurrencyPolicy"), errors, "Allow", "Forbid", "Replace");
        JobValidation.Template(spec.JobTemplate, path.Child("jobTemplate"), errors);
        if (spec.SuccessfulJobsHistoryLimit is { } successful)
            CommonRules.NonNegative(successful, path.Child("successfulJobsHistoryLimit"), errors);
        if (spec.FailedJobsHistoryLimit is { } failed)
            CommonRules.NonNegative(failed, path.Child("failedJobsHistoryLimit"), errors);
    }

    private static void Schedule(CronJobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (CronSchedule.Problem(spec.Schedule) is { } problem)
            errors.Invalid(path.Child("schedule"), spec.Schedule, problem);
        if (spec.Schedule.Contains("TZ", StringComparison.Ordinal))
            errors.Invalid(path.Child("schedule"), spec.Schedule, spec.TimeZone is null
                ? "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
                : "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        if (spec.TimeZone is not { } zone)
            return;
        if (zone.Length == 0)
            errors.Invalid(path.Child("timeZone"), zone, "timeZone must be nil or non-empty string");
        else if (string.Equals(zone, "Local", StringComparison.OrdinalIgnoreCase))
            errors.Invalid(path.Child("timeZone"), zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            errors.Invalid(path.Child("timeZone"), zone, $"unknown time zone {zone}");
    }
}
