using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>The rules of cron jobs.</summary>
internal sealed class CronJobStrategy : Strategy<CronJob>
{
    // Names of jobs get a suffix of eleven characters.
    private const int MaxNameLength = 52;
    private const int MaxZonePartLength = 14;

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
        Spec(o.Spec, null, errors);
        if (o.Metadata.Name.Length > MaxNameLength)
            errors.Invalid(Paths.Metadata.Child("name"), o.Metadata.Name, $"must be no more than {MaxNameLength} characters");
    }

    protected override void ValidateUpdate(StrategyContext c, CronJob updated, CronJob old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        Spec(updated.Spec, old.Spec, errors);
    }

    protected override void Warn(StrategyContext c, CronJob o, CronJob? old, ICollection<string> warnings)
    {
        if (old is null)
            NameWarnings.Workload(o.Metadata.Name, warnings);
        if (o.Metadata.Generation == old?.Metadata.Generation)
            return;
        JobWarnings.Spec(o.Spec.JobTemplate.Spec, Paths.Spec.Child("jobTemplate").Child("spec"), warnings);
        if (o.Spec.Schedule.Contains("TZ", StringComparison.Ordinal))
            warnings.Add("cannot use TZ or CRON_TZ in spec.spec.schedule, use spec.spec.timeZone instead");
    }

    private static void Spec(CronJobSpec spec, CronJobSpec? old, FieldErrors errors)
    {
        var path = Paths.Spec;
        if (spec.Schedule.Length == 0)
            errors.Required(path.Child("schedule"));
        else
            Schedule(spec, old, path.Child("schedule"), errors);
        if (spec.StartingDeadlineSeconds is { } deadline)
            CommonRules.NonNegative(deadline, path.Child("startingDeadlineSeconds"), errors);
        if (spec.TimeZone is { } zone && zone != old?.TimeZone)
            TimeZone(zone, path.Child("timeZone"), errors);
        CommonRules.OneOf(spec.ConcurrencyPolicy, path.Child("concurrencyPolicy"), errors, "Allow", "Forbid", "Replace");
        JobValidation.Template(spec.JobTemplate, path.Child("jobTemplate"), errors);
        if (spec.SuccessfulJobsHistoryLimit is { } successful)
            CommonRules.NonNegative(successful, path.Child("successfulJobsHistoryLimit"), errors);
        if (spec.FailedJobsHistoryLimit is { } failed)
            CommonRules.NonNegative(failed, path.Child("failedJobsHistoryLimit"), errors);
    }

    private static void Schedule(CronJobSpec spec, CronJobSpec? old, FieldPath path, FieldErrors errors)
    {
        if (CronSchedule.Problem(spec.Schedule) is { } problem)
            errors.Invalid(path, spec.Schedule, problem);
        if (!spec.Schedule.Contains("TZ", StringComparison.Ordinal))
            return;
        // Cron jobs that have it may keep it.
        if (old is null || !old.Schedule.Contains("TZ", StringComparison.Ordinal))
            errors.Invalid(path, spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        else if (spec.TimeZone is not null)
            errors.Invalid(path, spec.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
    }

    private static void TimeZone(string zone, FieldPath path, FieldErrors errors)
    {
        if (zone.Length == 0)
        {
            errors.Invalid(path, zone, "timeZone must be nil or non-empty string");
            return;
        }

        if (!HasNameOfZone(zone))
        {
            errors.Invalid(path, zone, $"unknown time zone {zone}");
            return;
        }

        if (string.Equals(zone, "Local", StringComparison.OrdinalIgnoreCase))
            errors.Invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        if (zone != "Local" && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            errors.Invalid(path, zone, $"unknown time zone {zone}");
    }

    private static bool HasNameOfZone(string zone)
    {
        foreach (var part in zone.Split('/'))
        {
            if (part is "" or "." or ".." || part[0] == '-' || part.Length > MaxZonePartLength)
                return false;
            foreach (var c in part)
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_' or '+'))
                    return false;
        }

        return true;
    }
}
