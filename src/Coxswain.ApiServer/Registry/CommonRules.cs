using Coxswain.Api;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>Small rules and wordings that many kinds share.</summary>
internal static class CommonRules
{
    public const string NotNegative = "must be greater than or equal to 0";
    public const string Immutable = "field is immutable";

    public static void NonNegative(long value, FieldPath path, FieldErrors errors)
    {
        if (value < 0)
            errors.Invalid(path, value, NotNegative);
    }

    public static void NonNegative(Quantity value, FieldPath path, FieldErrors errors)
    {
        if (value.Sign < 0)
            errors.Invalid(path, value.ToString(), NotNegative);
    }

    public static void Unchanged<TValue>(TValue updated, TValue old, FieldPath path, FieldErrors errors)
    {
        if (!EqualityComparer<TValue>.Default.Equals(updated, old))
            errors.Invalid(path, updated, Immutable);
    }

    /// <summary>A closed list of values, where the empty text counts as missing.</summary>
    public static void OneOf(string value, FieldPath path, FieldErrors errors, params IReadOnlyList<string> supported)
    {
        if (value.Length == 0)
            errors.Required(path);
        else if (!Contains(supported, value))
            errors.NotSupported(path, value, supported);
    }

    /// <summary>A closed list of values for a field that may be absent.</summary>
    public static void OptionalOneOf(string? value, FieldPath path, FieldErrors errors, params IReadOnlyList<string> supported)
    {
        if (value is not null && !Contains(supported, value))
            errors.NotSupported(path, value, supported);
    }

    public static bool Contains(IReadOnlyList<string> list, string value)
    {
        for (var i = 0; i < list.Count; i++)
            if (string.Equals(list[i], value, StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>The entries of a map in the order of their keys, in which errors are reported.</summary>
    public static IEnumerable<KeyValuePair<string, TValue>> Sorted<TValue>(ApiMap<TValue> map) =>
        map.Count < 2 ? map : map.OrderBy(static entry => entry.Key, StringComparer.Ordinal);
}
