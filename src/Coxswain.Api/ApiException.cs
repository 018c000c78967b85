using Coxswain.Api.Meta.V1;

namespace Coxswain.Api;

/// <summary>A refusal by the API server, as the <see cref="Status"/> that says it.</summary>
public sealed class ApiException(Status status) : Exception(status.Message)
{
    public Status Status { get; } = status;

    /// <summary>The HTTP status code.</summary>
    public int Code => Status.Code;

    /// <summary>The machine-readable reason: <c>NotFound</c>, <c>Conflict</c>, <c>AlreadyExists</c>, ...</summary>
    public string Reason => Status.Reason;
}
