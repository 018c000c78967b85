namespace Coxswain.Grpc;

/// <summary>A call that did not end with <see cref="GrpcStatusCode.Ok"/>: the server's answer, or what became of the connection.</summary>
/// <remarks><see cref="GrpcStatusCode.Unavailable"/> and <see cref="GrpcStatusCode.DeadlineExceeded"/> leave open whether the server
/// acted. Cancellation by the caller's token is an <see cref="OperationCanceledException"/>, never this.</remarks>
public sealed class GrpcException(GrpcStatusCode code, string detail, Exception? inner = null)
    : Exception($"{code}: {detail}", inner)
{
    public GrpcStatusCode Code { get; } = code;

    /// <summary>The server's own words, without the code.</summary>
    public string Detail { get; } = detail;
}
