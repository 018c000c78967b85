namespace Coxswain.Api.Validation;

/// <summary>What is wrong with a field. <see cref="FieldErrorTypes"/> gives the wire form and the words.</summary>
public enum FieldErrorType
{
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooShort,
    TooMany,
    TooFew,
    InternalError,
    TypeInvalid,
}

public static class FieldErrorTypes
{
    /// <summary>The <c>reason</c> of a cause in a Status.</summary>
    public static string Reason(this FieldErrorType type) => type switch
    {
        FieldErrorType.InternalError => "InternalError",
        FieldErrorType.NotFound => "FieldValueNotFound",
        FieldErrorType.Required => "FieldValueRequired",
        FieldErrorType.Duplicate => "FieldValueDuplicate",
        FieldErrorType.Invalid => "FieldValueInvalid",
        FieldErrorType.NotSupported => "FieldValueNotSupported",
        FieldErrorType.Forbidden => "FieldValueForbidden",
        FieldErrorType.TooLong => "FieldValueTooLong",
        FieldErrorType.TooShort => "FieldValueTooShort",
        FieldErrorType.TooMany => "FieldValueTooMany",
        FieldErrorType.TooFew => "FieldValueTooFew",
        FieldErrorType.TypeInvalid => "FieldValueTypeInvalid",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The words that open the message.</summary>
    public static string Words(this FieldErrorType type) => type switch
    {
        FieldErrorType.InternalError => "Internal error",
        FieldErrorType.NotFound => "Not found",
        FieldErrorType.Required => "Required value",
        FieldErrorType.Duplicate => "Duplicate value",
        FieldErrorType.Invalid or FieldErrorType.TypeInvalid => "Invalid value",
        FieldErrorType.NotSupported => "Unsupported value",
        FieldErrorType.Forbidden => "Forbidden",
        FieldErrorType.TooLong => "Too long",
        FieldErrorType.TooShort => "Too short",
        FieldErrorType.TooMany => "Too many",
        FieldErrorType.TooFew => "Too few",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
