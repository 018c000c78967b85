using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.CustomResources.Validation;

/// <summary>What is wrong with values, in the order in which it was found.</summary>
internal sealed class ValueFindings
{
    private readonly List<FieldError> _errors = [];

    /// <summary>How many values were looked at: of several schemas that all refuse a value, the one that came furthest explains best.</summary>
    public int Judged { get; set; }

    public bool IsClean => _errors.Count == 0;

    /// <summary>The errors with their paths below another.</summary>
    public IEnumerable<FieldError> Under(string prefix)
    {
        foreach (var error in _errors)
        {
            yield return error with
            {
                Field = error.Field.Length == 0 ? prefix.Length == 0 ? "<nil>" : prefix
                    : error.Field == Nowhere ? prefix.Length == 0 ? "<nil>" : prefix
                    : prefix.Length == 0 ? error.Field : $"{prefix}.{error.Field}",
            };
        }
    }

    public void Add(ValueFindings? other)
    {
        if (other is null)
            return;
        _errors.AddRange(other._errors);
        Judged += other.Judged;
    }

    public void Wrong(string path, object? value, string message) => Add(FieldErrorType.Invalid, path, value, message);

    public void WrongType(string path, string expected, string actual) =>
        Add(FieldErrorType.TypeInvalid, path, actual, $"{path} in body must be of type {expected}: \"{actual}\"");

    public void WrongFormat(string path, string format, string text) =>
        Add(FieldErrorType.TypeInvalid, path, text, $"{path} in body must be of type {format}: {Api.GoText.Quote(text)}");

    /// <summary>About a combination of schemas: upstream's error knows no place.</summary>
    public void Unplaced(string message) => Add(FieldErrorType.Invalid, Nowhere, "", message);

    public void Required(string path) => Add(FieldErrorType.Required, path, "", "");

    public void NotSupported(string path, JsonElement value, IReadOnlyList<string> allowed)
    {
        var errors = new FieldErrors();
        errors.NotSupported(path.Length == 0 ? Nowhere : path, Shown(value), allowed);
        _errors.Add(errors[0]);
    }

    public void TooLong(string path, long max)
    {
        var errors = new FieldErrors();
        errors.TooLong(path.Length == 0 ? Nowhere : path, (int)Math.Min(max, int.MaxValue));
        _errors.Add(errors[0]);
    }

    public void TooMany(string path, int actual, long max)
    {
        var errors = new FieldErrors();
        errors.TooMany(path.Length == 0 ? Nowhere : path, actual, (int)Math.Min(max, int.MaxValue));
        _errors.Add(errors[0]);
    }

    private const string Nowhere = "\0";

    private void Add(FieldErrorType type, string path, object? value, string detail) => _errors.Add(new(type, path, value, detail));

    private static object? Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? whole : value.GetDouble(),
        _ => JsonNode.Parse(value.GetRawText()),
    };
}
