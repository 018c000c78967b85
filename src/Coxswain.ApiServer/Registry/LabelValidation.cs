using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges labels and label selectors.</summary>
internal static class LabelValidation
{
    public static void Labels(ApiMap<string> labels, FieldPath path, FieldErrors errors)
    {
        if (labels.Count == 0)
            return;
        foreach (var (key, value) in CommonRules.Sorted(labels))
        {
            LabelName(key, path, errors);
            errors.Invalid(path, value, ValidationRules.LabelValue(value));
        }
    }

    public static void LabelName(string name, FieldPath path, FieldErrors errors) =>
        errors.Invalid(path, name, ValidationRules.QualifiedName(name));

    /// <param name="anyValues">Whether values that no label can have are let pass, as some kinds have always done.</param>
    public static void Selector(LabelSelector? selector, FieldPath path, FieldErrors errors, bool anyValues = false)
    {
        if (selector is null)
            return;
        Labels(selector.MatchLabels, path.Child("matchLabels"), errors);
        for (var i = 0; i < selector.MatchExpressions.Count; i++)
            Requirement(selector.MatchExpressions[i], path.Child("matchExpressions").Index(i), errors, anyValues);
    }

    private static void Requirement(LabelSelectorRequirement requirement, FieldPath path, FieldErrors errors, bool anyValues)
    {
        Operator(requirement.Operator, requirement.Values.Count, path, errors);
        KeyAndValues(requirement.Key, anyValues ? default : requirement.Values, path, errors);
    }

    /// <summary>The operators that selectors of all sorts have, and how many values they take.</summary>
    public static void Operator(string name, int values, FieldPath path, FieldErrors errors)
    {
        switch (name)
        {
            case "In" or "NotIn":
                if (values == 0)
                    errors.Required(path.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist":
                if (values > 0)
                    errors.Forbidden(path.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            default:
                errors.Invalid(path.Child("operator"), name, "not a valid selector operator");
                break;
        }
    }

    public static void KeyAndValues(string key, ApiList<string> values, FieldPath path, FieldErrors errors)
    {
        LabelName(key, path.Child("key"), errors);
        for (var i = 0; i < values.Count; i++)
            errors.Invalid(path.Child("values").Index(i), values[i], ValidationRules.LabelValue(values[i]));
    }
}
