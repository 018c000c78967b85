using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry;

/// <summary>The refusal of an object that breaks the rules of its kind.</summary>
internal static class InvalidObject
{
    /// <summary>422 with a cause per error. The text names each message once; the causes keep them all.</summary>
    public static Status Status(GroupVersionKind kind, string name, FieldErrors errors) => new()
    {
        StatusValue = "Failure",
        Reason = "Invalid",
        Code = 422,
        Message = $"{(kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}")} {GoText.Quote(name)} is invalid: {errors.Aggregate()}",
        Details = new StatusDetails
        {
            Name = name,
            Group = kind.Group,
            Kind = kind.Kind,
            Causes = errors.Select(error => new StatusCause { Reason = error.Type.Reason(), Message = error.Body, Field = error.Field }).ToApiList(),
        },
    };
}
