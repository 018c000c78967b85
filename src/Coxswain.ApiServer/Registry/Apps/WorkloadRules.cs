using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Apps;

/// <summary>What all kinds that make pods from a template share.</summary>
internal static class WorkloadRules
{
    public static readonly FieldPath Selector = Paths.Spec.Child("selector");
    public static readonly FieldPath Template = Paths.Spec.Child("template");

    /// <summary>A selector must be there, and select something.</summary>
    public static void RequiredSelector(LabelSelector? selector, string kind, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required(Selector);
            return;
        }

        LabelValidation.Selector(selector, Selector, errors);
        if (selector.MatchLabels.Count + selector.MatchExpressions.Count == 0)
            errors.Invalid(Selector, selector, $"empty selector is invalid for {kind}");
    }

    /// <summary>The pods that the template makes must be found again. Without a selector none is; an empty one is judged elsewhere.</summary>
    public static void Match(LabelSelector? selector, PodTemplateSpec template, FieldErrors errors, bool emptyMatches = true)
    {
        var labels = template.Metadata.Labels;
        var matches = selector is not null
            && ((emptyMatches && selector.MatchLabels.Count + selector.MatchExpressions.Count == 0) || Matches(selector, labels));
        if (!matches)
            errors.Invalid(Template.Child("metadata").Child("labels"), labels, PodTemplateValidation.SelectorMismatch);
    }

    /// <summary>Whether the labels are selected; operators that do not exist, which are reported elsewhere, count as fulfilled.</summary>
    public static bool Matches(LabelSelector selector, ApiMap<string> labels)
    {
        if (!ScaleStrategy.IsSubset(selector.MatchLabels, labels))
            return false;
        foreach (var requirement in selector.MatchExpressions)
        {
            var found = labels.TryGetValue(requirement.Key, out var value);
            var fulfilled = requirement.Operator switch
            {
                "In" => found && CommonRules.Contains(requirement.Values, value!),
                "NotIn" => !found || !CommonRules.Contains(requirement.Values, value!),
                "Exists" => found,
                "DoesNotExist" => !found,
                _ => true,
            };
            if (!fulfilled)
                return false;
        }

        return true;
    }

    public static void PositiveIntOrPercent(IntOrString value, FieldPath path, FieldErrors errors)
    {
        if (value.IsString)
            errors.Invalid(path, value, ValidationRules.Percent(value.StringValue));
        else
            CommonRules.NonNegative(value.IntValue, path, errors);
    }

    public static void NotMoreThanAll(IntOrString value, FieldPath path, FieldErrors errors)
    {
        if (value.TryGetPercent(out var percent) && percent > 100)
            errors.Invalid(path, value, "must not be greater than 100%");
    }

    /// <summary>The number, percentages as they stand.</summary>
    public static int Number(IntOrString? value) => value is not { } v ? 0 : v.TryGetPercent(out var percent) ? percent : v.IntValue;

    /// <summary>Counts in a status are not negative.</summary>
    public static void Counts(FieldErrors errors, params ReadOnlySpan<(string Field, long? Value)> counts)
    {
        foreach (var (field, value) in counts)
            CommonRules.NonNegative(value ?? 0, Paths.Status.Child(field), errors);
    }

    /// <summary>What counts some pods of a whole is not greater than what counts all.</summary>
    public static void Part(string field, int value, int whole, string wholeName, FieldErrors errors)
    {
        if (value > whole)
            errors.Invalid(Paths.Status.Child(field), value, $"cannot be greater than {wholeName}");
    }

    public static void NotDecremented(int? updated, int? old, FieldPath path, FieldErrors errors)
    {
        if (old is not null && (updated is null || updated < old))
            errors.Invalid(path, updated ?? 0, "cannot be decremented");
    }
}
