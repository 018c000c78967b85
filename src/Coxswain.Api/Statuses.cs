using Coxswain.Api.Meta.V1;
using Coxswain.Api.Validation;

namespace Coxswain.Api;

/// <summary>The answers that are no objects, each in upstream's words. Pure; the statuses are immutable and may be shared.</summary>
public static partial class Statuses
{
    private const string Failure = "Failure";

    /// <summary>404: no such object.</summary>
    public static Status NotFound(GroupResource resource, string name) =>
        Fail(404, StatusReason.NotFound, $"{resource} {GoText.Quote(name)} not found", Of(resource, name));

    /// <summary>404: no such path.</summary>
    public static Status NoSuchPath() =>
        Fail(404, StatusReason.NotFound, "the server could not find the requested resource", StatusDetails.Empty);

    /// <summary>409: the name is taken.</summary>
    public static Status AlreadyExists(GroupResource resource, string name) =>
        Fail(409, StatusReason.AlreadyExists, $"{resource} {GoText.Quote(name)} already exists", Of(resource, name));

    /// <summary>409: every generated name was taken.</summary>
    public static Status GenerateNameConflict(GroupResource resource, string name, int retryAfterSeconds) =>
        Fail(409, StatusReason.AlreadyExists,
            $"{resource} {GoText.Quote(name)} already exists, the server was not able to generate a unique name for the object",
            Of(resource, name) with { RetryAfterSeconds = retryAfterSeconds });

    /// <summary>409: somebody else was faster.</summary>
    public static Status Conflict(GroupResource resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>409 for any other reason. Upstream names the kind (<c>Pod</c>, <c>Deployment.apps</c>) where a precondition failed.</summary>
    public static Status Conflict(GroupResource resource, string name, string because) =>
        Fail(409, StatusReason.Conflict, $"Operation cannot be fulfilled on {resource} {GoText.Quote(name)}: {because}", Of(resource, name));

    /// <summary>409: fields that others own; one cause for each manager and field.</summary>
    public static Status ApplyConflict(ApiList<StatusCause> causes, string message) =>
        Fail(409, StatusReason.Conflict, message, new() { Causes = causes });

    /// <summary>422: an object with bad fields.</summary>
    public static Status Invalid(GroupVersionKind kind, string name, FieldErrors errors)
    {
        var qualified = kind.Group.Length == 0 ? kind.Kind : $"{kind.Kind}.{kind.Group}";
        var all = errors.Aggregate();
        var message = $"{qualified} {GoText.Quote(name)} is invalid" + (all.Length == 0 ? "" : ": " + all);
        return Fail(422, StatusReason.Invalid, message, new()
        {
            Group = kind.Group,
            Kind = kind.Kind,
            Name = name,
            Causes = errors.Select(error => new StatusCause { Reason = error.Type.Reason(), Message = error.Body, Field = error.Field }).ToApiList(),
        });
    }

    /// <summary>422: a patch that does not fit the object.</summary>
    public static Status PatchCannotApply() =>
        Fail(422, StatusReason.Invalid, "the server rejected our request due to an error in our request", StatusDetails.Empty);

    /// <summary>400: the request itself is wrong.</summary>
    public static Status BadRequest(string message) => Fail(400, StatusReason.BadRequest, message);

    /// <summary>401: nobody knows who is asking.</summary>
    public static Status Unauthorized(string message = "Unauthorized") => Fail(401, StatusReason.Unauthorized, message);

    /// <summary>403: known, but not allowed. Resource (also the default value) and name may be empty.</summary>
    public static Status Forbidden(GroupResource resource, string name, string because)
    {
        if (resource == default)
            resource = new("", "");
        var message = resource.Resource.Length == 0 ? $"forbidden: {because}"
            : name.Length == 0 ? $"{resource} is forbidden: {because}"
            : $"{resource} {GoText.Quote(name)} is forbidden: {because}";
        return Fail(403, StatusReason.Forbidden, message, Of(resource, name));
    }

    /// <summary>405: the resource has no such verb.</summary>
    public static Status MethodNotSupported(GroupResource resource, string action) =>
        Fail(405, StatusReason.MethodNotAllowed, $"{action} is not supported on resources of kind {GoText.Quote(resource.ToString())}",
            new() { Group = resource.Group, Kind = resource.Resource });

    /// <summary>405: the path has no such method.</summary>
    public static Status MethodNotAllowed() =>
        Fail(405, StatusReason.MethodNotAllowed, "the server does not allow this method on the requested resource", StatusDetails.Empty);

    /// <summary>406: no form that the client accepts, with what it could have asked for.</summary>
    public static Status NotAcceptable(params IEnumerable<string> accepted) =>
        NotAcceptableBecause("only the following media types are accepted: " + string.Join(", ", accepted));

    public static Status NotAcceptableBecause(string message) => Fail(406, StatusReason.NotAcceptable, message);

    /// <summary>410: what was asked for is no longer kept; list again.</summary>
    public static Status Expired(string message) => Fail(410, StatusReason.Expired, message);

    public static Status Gone(string message) => Fail(410, StatusReason.Gone, message);

    /// <summary>413: more than the server takes.</summary>
    public static Status TooLarge(string message) => Fail(413, StatusReason.RequestEntityTooLarge, $"Request entity too large: {message}");

    /// <summary>415: a body in a form that is not understood, with those that are.</summary>
    public static Status UnsupportedMediaType(params IEnumerable<string> accepted) =>
        Fail(415, StatusReason.UnsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: " + string.Join(", ", accepted));

    /// <summary>429: try again later.</summary>
    public static Status TooManyRequests(string message, int retryAfterSeconds) =>
        Fail(429, StatusReason.TooManyRequests, message, new() { RetryAfterSeconds = retryAfterSeconds });

    /// <summary>500 with a reason: something broke that is not the client's.</summary>
    public static Status InternalError(string message) =>
        Fail(500, StatusReason.InternalError, $"Internal error occurred: {message}", new() { Causes = [new() { Message = message }] });

    /// <summary>500 without a reason: what upstream makes of an error that has no status of its own.</summary>
    public static Status Unknown(string message) => Fail(500, "", message);

    /// <summary>500: could not be done in time, may be tried again.</summary>
    public static Status ServerTimeout(GroupResource resource, string operation, int retryAfterSeconds) =>
        Fail(500, StatusReason.ServerTimeout,
            $"The {operation} operation against {resource} could not be completed at this time, please try again.",
            Of(resource, operation) with { RetryAfterSeconds = retryAfterSeconds });

    /// <summary>503: not ready, or a part it needs is not.</summary>
    public static Status ServiceUnavailable(string message) => Fail(503, StatusReason.ServiceUnavailable, message);

    /// <summary>504: the request took too long.</summary>
    public static Status Timeout(string message, int retryAfterSeconds = 0) =>
        Fail(504, StatusReason.Timeout, $"Timeout: {message}", new() { RetryAfterSeconds = retryAfterSeconds });

    /// <summary>504: the resource version lies ahead of what the server has seen.</summary>
    public static Status ResourceVersionTooLarge(string requested, string current, int retryAfterSeconds = 1) =>
        Fail(504, StatusReason.Timeout, $"Timeout: Too large resource version: {requested}, current: {current}", new()
        {
            RetryAfterSeconds = retryAfterSeconds,
            Causes = [new() { Reason = CauseType.ResourceVersionTooLarge, Message = "Too large resource version" }],
        });

    /// <summary>Done, and there is no object to show: the answer to a delete.</summary>
    public static Status Deleted(GroupResource resource, string name, string uid) => new()
    {
        StatusValue = "Success",
        Details = new() { Name = name, Group = resource.Group, Kind = resource.Resource, Uid = uid },
    };

    /// <summary>Done, with a code: the answer to a binding (201).</summary>
    public static Status Success(int code) => new() { StatusValue = "Success", Code = code };

    private static StatusDetails Of(GroupResource resource, string name) => new() { Name = name, Group = resource.Group, Kind = resource.Resource };

    private static Status Fail(int code, string reason, string message, StatusDetails? details = null) =>
        new() { StatusValue = Failure, Code = code, Reason = reason, Message = message, Details = details };
}
