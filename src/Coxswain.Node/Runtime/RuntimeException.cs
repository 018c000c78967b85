namespace Coxswain.Node.Runtime;

/// <summary>gRPC's status codes, by which a runtime says how a call failed.</summary>
public enum RuntimeErrorCode
{
    OK = 0,
    Canceled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>The container runtime refused or failed a call. The message has the form that users know from events:
/// <c>rpc error: code = NotFound desc = ...</c>.</summary>
public sealed class RuntimeException : Exception
{
    public RuntimeException(RuntimeErrorCode code, string detail, Exception? inner = null)
        : base($"rpc error: code = {code} desc = {detail}", inner)
    {
        Code = code;
        Detail = detail;
    }

    public RuntimeErrorCode Code { get; }

    /// <summary>What the runtime said, without the frame.</summary>
    public string Detail { get; }
}
