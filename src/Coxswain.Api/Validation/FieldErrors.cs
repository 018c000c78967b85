using System.Collections;

namespace Coxswain.Api.Validation;

/// <summary>What is wrong with an object, in the order in which it was found. Not safe for concurrent use.</summary>
public sealed class FieldErrors : IReadOnlyList<FieldError>
{
    // Most objects are valid: nothing is allocated until something is wrong.
    private List<FieldError>? _errors;

    public int Count => _errors?.Count ?? 0;

    public FieldError this[int index] => _errors is null ? throw new ArgumentOutOfRangeException(nameof(index)) : _errors[index];

    public void Add(FieldError error) => (_errors ??= []).Add(error);

    public void AddRange(IEnumerable<FieldError> errors)
    {
        foreach (var error in errors)
            Add(error);
    }

    public void Required(FieldPath path, string detail = "") => Add(FieldErrorType.Required, path, "", detail);

    public void Invalid(FieldPath path, object? value, string detail) => Add(FieldErrorType.Invalid, path, value, detail);

    /// <summary>One Invalid for each message.</summary>
    public void Invalid(FieldPath path, object? value, IReadOnlyList<string> messages)
    {
        foreach (var message in messages)
            Invalid(path, value, message);
    }

    public void TypeInvalid(FieldPath path, object? value, string detail) => Add(FieldErrorType.TypeInvalid, path, value, detail);

    public void Duplicate(FieldPath path, object? value) => Add(FieldErrorType.Duplicate, path, value, "");

    public void NotFound(FieldPath path, object? value) => Add(FieldErrorType.NotFound, path, value, "");

    public void Forbidden(FieldPath path, string detail) => Add(FieldErrorType.Forbidden, path, "", detail);

    /// <summary>A value outside a closed list. The list is shown in the order given; upstream's sets are sorted.</summary>
    public void NotSupported(FieldPath path, object? value, params IReadOnlyList<string> supported) =>
        Add(FieldErrorType.NotSupported, path, value,
            supported.Count == 0 ? "" : "supported values: " + string.Join(", ", supported.Select(GoText.Quote)));

    /// <param name="maxLength">In bytes; negative: not stated.</param>
    public void TooLong(FieldPath path, int maxLength) =>
        Add(FieldErrorType.TooLong, path, "<value omitted>",
            maxLength < 0 ? "value is too long" : $"may not be more than {maxLength} {(maxLength == 1 ? "byte" : "bytes")}");

    /// <param name="minLength">In characters.</param>
    public void TooShort(FieldPath path, object? value, int minLength) =>
        Add(FieldErrorType.TooShort, path, value, $"must be at least {minLength} {(minLength == 1 ? "character" : "characters")}");

    /// <param name="actual">Negative: not shown.</param>
    /// <param name="max">Negative: not stated.</param>
    public void TooMany(FieldPath path, int actual, int max) =>
        Add(FieldErrorType.TooMany, path, actual < 0 ? BadValues.Omitted : actual,
            max < 0 ? "has too many items" : $"must have at most {max} {(max == 1 ? "item" : "items")}");

    /// <param name="actual">Negative: not shown.</param>
    public void TooFew(FieldPath path, int actual, int min) =>
        Add(FieldErrorType.TooFew, path, actual < 0 ? BadValues.Omitted : actual,
            min < 0 ? "has too few items" : $"must have at least {min} {(min == 1 ? "item" : "items")}");

    public void InternalError(FieldPath path, string detail) => Add(FieldErrorType.InternalError, path, null, detail);

    /// <summary>All messages in one text, each once: alone, or in brackets when there are several.</summary>
    public string Aggregate()
    {
        if (Count == 0)
            return "";

        var messages = this.Select(error => error.ToString()).Distinct(StringComparer.Ordinal).ToList();
        return messages.Count == 1 ? messages[0] : "[" + string.Join(", ", messages) + "]";
    }

    public IEnumerator<FieldError> GetEnumerator() => (_errors ?? Enumerable.Empty<FieldError>()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Add(FieldErrorType type, FieldPath path, object? value, string detail)
    {
        ArgumentNullException.ThrowIfNull(path);
        Add(new FieldError(type, path.ToString(), value, detail));
    }
}
