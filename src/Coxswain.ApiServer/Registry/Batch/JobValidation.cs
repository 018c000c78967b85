using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Apps;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Judges what a job is to do, its own or that of a template.</summary>
internal static class JobValidation
{
    private const int MaxManagedByLength = 63;
    private const int MaxIndexedParallelism = 100_000;
    private const int MaxFailedIndexes = 100_000;

    // Beyond this many completions, less may run and fail at once.
    private const int ManyCompletions = 100_000;
    private const int LimitForMany = 10_000;

    public static void Spec(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        Common(spec, path, errors);
        if (spec.Selector is null)
            errors.Required(path.Child("selector"));
        else
            LabelValidation.Selector(spec.Selector, path.Child("selector"), errors);
        WorkloadRules.Match(spec.Selector, spec.Template, errors);
    }

    /// <summary>The job of a template, whose selector will be made later.</summary>
    public static void Template(JobTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        path = path.Child("spec");
        Common(template.Spec, path, errors);
        if (template.Spec.Selector is { } selector)
            errors.Invalid(path.Child("selector"), selector, "`selector` will be auto-generated");
        if (template.Spec.ManualSelector == true)
            errors.NotSupported(path.Child("manualSelector"), true, "nil", "false");
    }

    public static void SpecUpdate(JobSpec updated, Job old, FieldErrors errors)
    {
        var path = Paths.Spec;
        Spec(updated, path, errors);
        Completions(updated, old.Spec, path.Child("completions"), errors);
        CommonRules.Unchanged(updated.Selector, old.Spec.Selector, path.Child("selector"), errors);
        CommonRules.Unchanged(updated.Template, SuspendedJobs.Changeable(updated.Template, old), path.Child("template"), errors);
        CommonRules.Unchanged(updated.CompletionMode, old.Spec.CompletionMode, path.Child("completionMode"), errors);
        CommonRules.Unchanged(updated.PodFailurePolicy, old.Spec.PodFailurePolicy, path.Child("podFailurePolicy"), errors);
        CommonRules.Unchanged(updated.BackoffLimitPerIndex, old.Spec.BackoffLimitPerIndex, path.Child("backoffLimitPerIndex"), errors);
        CommonRules.Unchanged(updated.ManagedBy, old.Spec.ManagedBy, path.Child("managedBy"), errors);
        CommonRules.Unchanged(updated.SuccessPolicy, old.Spec.SuccessPolicy, path.Child("successPolicy"), errors);
    }

    // Indexed jobs may grow and shrink as a whole.
    private static void Completions(JobSpec updated, JobSpec old, FieldPath path, FieldErrors errors)
    {
        if (updated.CompletionMode != "Indexed")
            CommonRules.Unchanged(updated.Completions, old.Completions, path, errors);
        else if (updated.Completions is { } completions && completions != old.Completions && completions != updated.Parallelism)
            errors.Invalid(path, completions, "can only be modified in tandem with spec.parallelism");
    }

    private static void Common(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        NonNegative(spec.Parallelism, "parallelism");
        NonNegative(spec.Completions, "completions");
        NonNegative(spec.ActiveDeadlineSeconds, "activeDeadlineSeconds");
        NonNegative(spec.BackoffLimit, "backoffLimit");
        NonNegative(spec.TtlSecondsAfterFinished, "ttlSecondsAfterFinished");
        NonNegative(spec.BackoffLimitPerIndex, "backoffLimitPerIndex");
        NonNegative(spec.MaxFailedIndexes, "maxFailedIndexes");
        if (spec.MaxFailedIndexes is not null && spec.BackoffLimitPerIndex is null)
            errors.Required(path.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        if (spec.ManagedBy is { } manager)
        {
            DomainPrefixedPath.Validate(manager, path.Child("managedBy"), errors);
            if (manager.Length > MaxManagedByLength)
                errors.TooLong(path.Child("managedBy"), MaxManagedByLength);
        }

        CommonRules.OptionalOneOf(spec.CompletionMode, path.Child("completionMode"), errors, "NonIndexed", "Indexed");
        if (spec.CompletionMode == "Indexed")
            Indexed(spec, path, errors);
        else if (spec.CompletionMode is null or "NonIndexed")
            NotIndexed(spec, path, errors);
        if (spec.PodFailurePolicy is { } failure)
            JobPolicyValidation.Failure(failure, spec, path.Child("podFailurePolicy"), errors);
        if (spec.SuccessPolicy is { } success)
        {
            if (spec.CompletionMode != "Indexed")
                errors.Invalid(path.Child("successPolicy"), success, "requires indexed completion mode");
            else
                JobPolicyValidation.Success(success, spec.Completions ?? 0, path.Child("successPolicy"), errors);
        }

        if (spec.PodFailurePolicy is null)
            CommonRules.OptionalOneOf(spec.PodReplacementPolicy, path.Child("podReplacementPolicy"), errors, "Failed", "TerminatingOrFailed");
        else
            CommonRules.OptionalOneOf(spec.PodReplacementPolicy, path.Child("podReplacementPolicy"), errors, "Failed");
        PodTemplateValidation.Validate(spec.Template, path.Child("template"), errors);
        RestartPolicy(spec, path.Child("template").Child("spec").Child("restartPolicy"), errors);

        void NonNegative(long? value, string field)
        {
            if (value is { } number)
                CommonRules.NonNegative(number, path.Child(field), errors);
        }
    }

    private static void Indexed(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var (parallelism, failed) = (path.Child("parallelism"), path.Child("maxFailedIndexes"));
        if (spec.Completions is null)
            errors.Required(path.Child("completions"), "when completion mode is Indexed");
        if (spec.Parallelism > MaxIndexedParallelism)
            errors.Invalid(parallelism, spec.Parallelism, $"must be less than or equal to {MaxIndexedParallelism} when completion mode is Indexed");
        if (spec.MaxFailedIndexes > spec.Completions)
            errors.Invalid(failed, spec.MaxFailedIndexes, "must be less than or equal to completions");
        if (spec.MaxFailedIndexes > MaxFailedIndexes)
            errors.Invalid(failed, spec.MaxFailedIndexes, $"must be less than or equal to {MaxFailedIndexes}");
        if (spec.BackoffLimitPerIndex is null || spec.Completions is null or <= ManyCompletions)
            return;
        const string Limited = "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
        if (spec.MaxFailedIndexes is null)
            errors.Required(failed, $"must be specified when completions is above {ManyCompletions}");
        if (spec.Parallelism > LimitForMany)
            errors.Invalid(parallelism, spec.Parallelism, Limited);
        if (spec.MaxFailedIndexes > LimitForMany)
            errors.Invalid(failed, spec.MaxFailedIndexes, Limited);
    }

    private static void NotIndexed(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.BackoffLimitPerIndex is { } limit)
            errors.Invalid(path.Child("backoffLimitPerIndex"), limit, "requires indexed completion mode");
        if (spec.MaxFailedIndexes is { } failed)
            errors.Invalid(path.Child("maxFailedIndexes"), failed, "requires indexed completion mode");
    }

    private static void RestartPolicy(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var policy = spec.Template.Spec.RestartPolicy;
        if (policy is "" or "Always")
            errors.Required(path, "valid values: \"OnFailure\", \"Never\"");
        else if (policy is not ("OnFailure" or "Never"))
            errors.NotSupported(path, policy, "OnFailure", "Never");
        else if (spec.PodFailurePolicy is not null && policy != "Never")
            errors.Invalid(path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
    }
}
