namespace Coxswain.Api.Validation;

/// <summary>One thing that is wrong with one field.</summary>
/// <param name="Field">The path's text.</param>
/// <param name="BadValue">The value found; see <see cref="BadValues"/> for what can be rendered. <see cref="BadValues.Omitted"/>: none is shown.</param>
/// <param name="Detail">More words, or empty.</param>
public sealed record FieldError(FieldErrorType Type, string Field, object? BadValue, string Detail)
{
    /// <summary>The message without the field, as it stands in a cause.</summary>
    public string Body
    {
        get
        {
            var head = Type switch
            {
                FieldErrorType.Required or FieldErrorType.Forbidden or FieldErrorType.TooLong
                    or FieldErrorType.TooShort or FieldErrorType.InternalError => Type.Words(),
                _ when ReferenceEquals(BadValue, BadValues.Omitted) => Type.Words(),
                _ => $"{Type.Words()}: {BadValues.Render(BadValue)}",
            };
            return Detail.Length == 0 ? head : $"{head}: {Detail}";
        }
    }

    public override string ToString() => $"{Field}: {Body}";
}
