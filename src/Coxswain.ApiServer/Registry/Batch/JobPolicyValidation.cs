using Coxswain.Api;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Judges what a job takes for a failure, and for its success.</summary>
internal static class JobPolicyValidation
{
    private const int MaxRules = 20;
    private const int MaxExitCodes = 255;
    private const int MaxIndexesLength = 64 * 1024;

    public static void Failure(PodFailurePolicy policy, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        path = path.Child("rules");
        if (policy.Rules.Count > MaxRules)
            errors.TooMany(path, policy.Rules.Count, MaxRules);
        for (var i = 0; i < policy.Rules.Count; i++)
            FailureRule(policy.Rules[i], spec, path.Index(i), errors);
    }

    public static void Success(SuccessPolicy policy, int completions, FieldPath path, FieldErrors errors)
    {
        path = path.Child("rules");
        if (policy.Rules.Count == 0)
            errors.Required(path, "at least one rules must be specified when the successPolicy is specified");
        if (policy.Rules.Count > MaxRules)
            errors.TooMany(path, policy.Rules.Count, MaxRules);
        for (var i = 0; i < policy.Rules.Count; i++)
            SuccessRule(policy.Rules[i], completions, path.Index(i), errors);
    }

    private static void FailureRule(PodFailurePolicyRule rule, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        Choice(rule.Action, path.Child("action"), errors, "Count", "FailIndex", "FailJob", "Ignore");
        if (rule.Action == "FailIndex" && spec.BackoffLimitPerIndex is null)
            errors.Invalid(path.Child("action"), rule.Action, "requires the backoffLimitPerIndex to be set");
        if (rule.OnExitCodes is { } codes)
            ExitCodes(codes, spec, path.Child("onExitCodes"), errors);
        var conditions = path.Child("onPodConditions");
        if (rule.OnPodConditions.Count > MaxRules)
            errors.TooMany(conditions, rule.OnPodConditions.Count, MaxRules);
        for (var i = 0; i < rule.OnPodConditions.Count; i++)
        {
            var (pattern, at) = (rule.OnPodConditions[i], conditions.Index(i));
            errors.Invalid(at.Child("type"), pattern.Type, ValidationRules.QualifiedName(pattern.Type));
            Choice(pattern.Status, at.Child("status"), errors, "False", "True", "Unknown");
        }

        var conditional = rule.OnPodConditions.Count > 0;
        if (rule.OnExitCodes is not null && conditional)
            errors.Invalid(path, BadValues.Omitted, "specifying both OnExitCodes and OnPodConditions is not supported");
        if (rule.OnExitCodes is null && !conditional)
            errors.Invalid(path, BadValues.Omitted, "specifying one of OnExitCodes and OnPodConditions is required");
    }

    private static void ExitCodes(PodFailurePolicyOnExitCodesRequirement codes, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        Choice(codes.Operator, path.Child("operator"), errors, "In", "NotIn");
        if (codes.ContainerName is { } name && !HasContainer(spec, name))
            errors.Invalid(path.Child("containerName"), name, "must be one of the container or initContainer names in the pod template");
        path = path.Child("values");
        var values = codes.Values;
        if (values.Count == 0)
            errors.Invalid(path, values, "at least one value is required");
        else if (values.Count > MaxExitCodes)
            errors.TooMany(path, values.Count, MaxExitCodes);
        var (ordered, seen) = (true, new HashSet<int>());
        for (var i = 0; i < values.Count; i++)
        {
            if (codes.Operator == "In" && values[i] == 0)
                errors.Invalid(path.Index(i), values[i], "must not be 0 for the In operator");
            if (!seen.Add(values[i]))
                errors.Duplicate(path.Index(i), values[i]);
            ordered &= i == 0 || values[i - 1] <= values[i];
        }

        if (!ordered)
            errors.Invalid(path, values, "must be ordered");
    }

    private static void SuccessRule(SuccessPolicyRule rule, int completions, FieldPath path, FieldErrors errors)
    {
        if (rule.SucceededCount is null && rule.SucceededIndexes is null)
            errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
        var named = 0;
        if (rule.SucceededIndexes is { } indexes)
        {
            if (indexes.Length > MaxIndexesLength)
                errors.TooLong(path.Child("succeededIndexes"), MaxIndexesLength);
            if (JobIndexes.Problem(indexes, completions, out named) is { } problem)
                errors.Invalid(path.Child("succeededIndexes"), indexes, $"error parsing succeededIndexes: {problem}");
        }

        if (rule.SucceededCount is not { } count)
            return;
        path = path.Child("succeededCount");
        CommonRules.NonNegative(count, path, errors);
        if (count > completions)
            errors.Invalid(path, count, $"must be less than or equal to {completions} (the number of specified completions)");
        if (rule.SucceededIndexes is not null && count > named)
            errors.Invalid(path, count, $"must be less than or equal to {named} (the number of indexes in the specified succeededIndexes field)");
    }

    private static bool HasContainer(JobSpec spec, string name)
    {
        foreach (var container in spec.Template.Spec.Containers)
            if (container.Name == name)
                return true;
        foreach (var container in spec.Template.Spec.InitContainers)
            if (container.Name == name)
                return true;
        return false;
    }

    // Where nothing is said, the refusal lists what could be said.
    private static void Choice(string value, FieldPath path, FieldErrors errors, params string[] supported)
    {
        if (value.Length == 0)
            errors.Required(path, $"valid values: [{string.Join(' ', supported.Select(GoText.Quote))}]");
        else
            CommonRules.OneOf(value, path, errors, supported);
    }
}
