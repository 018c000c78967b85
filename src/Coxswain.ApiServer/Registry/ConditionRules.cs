using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Judges lists of the common condition type.</summary>
internal static class ConditionRules
{
    private const int MaxReasonLength = 1024;
    private const int MaxMessageLength = 32 * 1024;

    public static void Validate(ApiList<Condition> conditions, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            var (condition, at) = (conditions[i], path.Index(i));
            for (var j = 0; j < i; j++)
                if (conditions[j].Type == condition.Type)
                {
                    errors.Duplicate(at.Child("type"), condition.Type);
                    break;
                }

            LabelValidation.LabelName(condition.Type, at.Child("type"), errors);
            if (condition.Status is not ("True" or "False" or "Unknown"))
                errors.NotSupported(at.Child("status"), condition.Status, "False", "True", "Unknown");
            if (condition.ObservedGeneration < 0)
                errors.Invalid(at.Child("observedGeneration"), condition.ObservedGeneration, "must be greater than or equal to zero");
            if (condition.LastTransitionTime is null)
                errors.Required(at.Child("lastTransitionTime"), "must be set");
            Reason(condition.Reason, at.Child("reason"), errors);
            if (condition.Message.Length > MaxMessageLength)
                errors.TooLong(at.Child("message"), MaxMessageLength);
        }
    }

    private static void Reason(string reason, FieldPath path, FieldErrors errors)
    {
        if (reason.Length == 0)
        {
            errors.Required(path, "must be set");
            return;
        }

        if (!IsReason(reason))
            errors.Invalid(path, reason, ValidationRules.Regex(
                "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', "
                    + "and must end with an alphanumeric character or '_'",
                "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"));
        if (reason.Length > MaxReasonLength)
            errors.TooLong(path, MaxReasonLength);
    }

    private static bool IsReason(string reason)
    {
        foreach (var c in reason)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or ',' or ':'))
                return false;
        return char.IsAsciiLetter(reason[0]) && reason[^1] is not (',' or ':');
    }
}
