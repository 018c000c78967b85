using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Apps;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Judges what a job is to do, its own or that of a template.</summary>
internal static class JobValidation
{
    private const int MaxIndexedParallelism = 100_000;
    private static readonly string[] FailureActions = ["Count", "FailIndex", "FailJob", "Ignore"];

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
        LabelValidation.Labels(template.Metadata.Labels, path.Child("labels"), errors);
        ObjectMetaValidation.Annotations(template.Metadata.Annotations, path.Child("annotations"), errors);
        Common(template.Spec, path.Child("spec"), errors);
        if (template.Spec.ManualSelector == true)
            errors.NotSupported(path.Child("spec").Child("manualSelector"), true, "nil", "false");
    }

    public static void SpecUpdate(JobSpec updated, Job old, FieldErrors errors)
    {
        var path = Paths.Spec;
        Spec(updated, path, errors);
        var elastic = updated.CompletionMode == "Indexed" && updated.Completions == updated.Parallelism && updated.Completions is not null;
        if (!elastic)
            CommonRules.Unchanged(updated.Completions, old.Spec.Completions, path.Child("completions"), errors);
        CommonRules.Unchanged(updated.Selector, old.Spec.Selector, path.Child("selector"), errors);
        // A job that has not begun may still be sent elsewhere.
        var template = old is { Spec.Suspend: true, Status.StartTime: null } ? WithSchedulingOf(old.Spec.Template, updated.Template) : old.Spec.Template;
        CommonRules.Unchanged(updated.Template, template, path.Child("template"), errors);
        CommonRules.Unchanged(updated.CompletionMode, old.Spec.CompletionMode, path.Child("completionMode"), errors);
        CommonRules.Unchanged(updated.PodFailurePolicy, old.Spec.PodFailurePolicy, path.Child("podFailurePolicy"), errors);
        CommonRules.Unchanged(updated.BackoffLimitPerIndex, old.Spec.BackoffLimitPerIndex, path.Child("backoffLimitPerIndex"), errors);
        CommonRules.Unchanged(updated.ManagedBy, old.Spec.ManagedBy, path.Child("managedBy"), errors);
        CommonRules.Unchanged(updated.SuccessPolicy, old.Spec.SuccessPolicy, path.Child("successPolicy"), errors);
    }

    private static PodTemplateSpec WithSchedulingOf(PodTemplateSpec old, PodTemplateSpec updated) => old with
    {
        Metadata = old.Metadata with { Labels = updated.Metadata.Labels, Annotations = updated.Metadata.Annotations },
        Spec = old.Spec with
        {
            NodeSelector = updated.Spec.NodeSelector,
            Affinity = updated.Spec.Affinity,
            Tolerations = updated.Spec.Tolerations,
            SchedulingGates = updated.Spec.SchedulingGates,
        },
    };

    private static void Common(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        NonNegative(spec.Parallelism, "parallelism");
        NonNegative(spec.Completions, "completions");
        NonNegative(spec.ActiveDeadlineSeconds, "activeDeadlineSeconds");
        NonNegative(spec.BackoffLimit, "backoffLimit");
        NonNegative(spec.TtlSecondsAfterFinished, "ttlSecondsAfterFinished");
        NonNegative(spec.BackoffLimitPerIndex, "backoffLimitPerIndex");
        if (spec.MaxFailedIndexes is not null)
        {
            NonNegative(spec.MaxFailedIndexes, "maxFailedIndexes");
            if (spec.BackoffLimitPerIndex is null)
                errors.Required(path.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }

        if (spec.ManagedBy is not null && !spec.ManagedBy.Contains('/'))
            errors.Invalid(path.Child("managedBy"), spec.ManagedBy, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        CompletionMode(spec, path, errors);
        CommonRules.OptionalOneOf(spec.PodReplacementPolicy, path.Child("podReplacementPolicy"), errors, "Failed", "TerminatingOrFailed");
        if (spec.PodFailurePolicy is not null)
            FailurePolicy(spec.PodFailurePolicy, spec, path.Child("podFailurePolicy"), errors);
        if (spec.SuccessPolicy is { Rules.Count: 0 })
            errors.Required(path.Child("successPolicy").Child("rules"), "at least one rules must be specified when the successPolicy is specified");
        PodTemplateValidation.Validate(spec.Template, path.Child("template"), errors);
        var restart = spec.Template.Spec.RestartPolicy;
        if (restart is not ("OnFailure" or "Never"))
            errors.Required(path.Child("template").Child("spec").Child("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
        else if (spec.PodFailurePolicy is not null && restart != "Never")
            errors.Invalid(path.Child("template").Child("spec").Child("restartPolicy"), restart,
                "only \"Never\" is supported when podFailurePolicy is specified");

        void NonNegative(long? value, string field)
        {
            if (value is { } number)
                CommonRules.NonNegative(number, path.Child(field), errors);
        }
    }

    private static void CompletionMode(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        CommonRules.OptionalOneOf(spec.CompletionMode, path.Child("completionMode"), errors, "NonIndexed", "Indexed");
        if (spec.CompletionMode == "Indexed")
        {
            if (spec.Completions is null)
                errors.Required(path.Child("completions"), "when completion mode is Indexed");
            if (spec.Parallelism > MaxIndexedParallelism)
                errors.Invalid(path.Child("parallelism"), spec.Parallelism, $"must be less than or equal to {MaxIndexedParallelism} when completion mode is Indexed");
            if (spec.MaxFailedIndexes > spec.Completions)
                errors.Invalid(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes, "must be less than or equal to completions");
        }
        else
        {
            if (spec.BackoffLimitPerIndex is not null)
                errors.Invalid(path.Child("backoffLimitPerIndex"), spec.BackoffLimitPerIndex, "requires indexed completion mode");
            if (spec.SuccessPolicy is not null)
                errors.Invalid(path.Child("successPolicy"), spec.SuccessPolicy, "requires indexed completion mode");
        }
    }

    private static void FailurePolicy(PodFailurePolicy policy, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < policy.Rules.Count; i++)
        {
            var (rule, at) = (policy.Rules[i], path.Child("rules").Index(i));
            CommonRules.OneOf(rule.Action, at.Child("action"), errors, FailureActions);
            if (rule.Action == "FailIndex" && spec.BackoffLimitPerIndex is null)
                errors.Invalid(at.Child("action"), rule.Action, "requires the backoffLimitPerIndex to be set");
            if (rule.OnExitCodes is { } codes)
            {
                var below = at.Child("onExitCodes");
                if (rule.OnPodConditions.Count > 0)
                    errors.Invalid(at, rule, "specifying both OnExitCodes and OnPodConditions is not supported");
                CommonRules.OneOf(codes.Operator, below.Child("operator"), errors, "In", "NotIn");
                if (codes.Values.Count == 0)
                    errors.Invalid(below.Child("values"), codes.Values, "at least one value is required");
                else if (codes.Values.Count > 255)
                    errors.TooMany(below.Child("values"), codes.Values.Count, 255);
                for (var j = 0; j < codes.Values.Count; j++)
                    if (codes.Operator == "In" && codes.Values[j] == 0)
                        errors.Invalid(below.Child("values").Index(j), 0, "must not be 0 for the In operator");
            }
            else if (rule.OnPodConditions.Count == 0)
            {
                errors.Invalid(at, rule, "specifying one of OnExitCodes and OnPodConditions is required");
            }

            for (var j = 0; j < rule.OnPodConditions.Count; j++)
            {
                var below = at.Child("onPodConditions").Index(j);
                errors.Invalid(below.Child("type"), rule.OnPodConditions[j].Type, ValidationRules.QualifiedName(rule.OnPodConditions[j].Type));
                CommonRules.OneOf(rule.OnPodConditions[j].Status, below.Child("status"), errors, "False", "True", "Unknown");
            }
        }
    }
}
