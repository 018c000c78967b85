namespace Coxswain.Grpc;

/// <summary>The life of one call: its deadline, the caller's token, and which of the two ended it.</summary>
internal sealed class GrpcCall : IDisposable
{
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _linked;
    private readonly CancellationToken _caller;
    private readonly TimeSpan? _timeout;

    public GrpcCall(TimeSpan? timeout, TimeProvider clock, CancellationToken caller)
    {
        _timeout = timeout;
        _caller = caller;
        _deadline = timeout is { } limit ? new CancellationTokenSource(limit, clock) : null;
        _linked = _deadline is null
            ? CancellationTokenSource.CreateLinkedTokenSource(caller)
            : CancellationTokenSource.CreateLinkedTokenSource(caller, _deadline.Token);
    }

    public CancellationToken Token => _linked.Token;

    public TimeSpan? Timeout => _timeout;

    /// <summary>Gives the call up from our side.</summary>
    public Task CancelAsync() => _linked.CancelAsync();

    /// <summary>What the caller gets to see: its own cancellation as such, everything else as a GrpcException.</summary>
    public Exception Explain(Exception e)
    {
        if (_caller.IsCancellationRequested)
            return new OperationCanceledException("The call was cancelled.", e, _caller);
        if (_deadline is { IsCancellationRequested: true } && e is not GrpcException)
            return new GrpcException(GrpcStatusCode.DeadlineExceeded, $"no answer within {_timeout!.Value.TotalSeconds:0.###} s", e);
        return GrpcStatus.FromTransport(e);
    }

    /// <summary>Whether an exception is one of the transport's, to be explained; anything else is a bug and passes. A channel may be closed
    /// while a call on it begins.</summary>
    public static bool IsTransport(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or GrpcException or ObjectDisposedException;

    public void Dispose()
    {
        _linked.Dispose();
        _deadline?.Dispose();
    }
}
