using Google.Protobuf;

namespace Coxswain.Grpc;

/// <summary>A call in which both sides speak when they like.</summary>
/// <remarks>One writer and one reader at a time; the two may be different. Disposing ends the call for both sides.</remarks>
public sealed class GrpcDuplexCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly GrpcCall _call;
    private readonly GrpcStreamContent _content;
    private readonly GrpcResponseReader<TResponse> _reader;
    private readonly int _limit;
    private readonly CancellationTokenSource _ended = new();

    internal GrpcDuplexCall(GrpcCall call, GrpcStreamContent content, GrpcResponseReader<TResponse> reader, int limit)
    {
        _call = call;
        _content = content;
        _reader = reader;
        _limit = limit;
    }

    /// <summary>Sends one message; returns when it was handed to the transport.</summary>
    public async ValueTask WriteAsync(TRequest message, CancellationToken cancellation)
    {
        var frame = GrpcFraming.Frame(message, _limit);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(_call.Token, _ended.Token, cancellation);
        try
        {
            var opened = _content.OpenedAsync(linked.Token);
            // A call that never got through has no body to write to, and only the sending side knows why.
            if (await Task.WhenAny(opened, _reader.Sending) != opened && !_reader.Sending.IsCompletedSuccessfully)
                await _reader.Sending;
            var body = await opened;
            await body.WriteAsync(frame, linked.Token);
            await body.FlushAsync(linked.Token);
        }
        catch (Exception e) when (GrpcCall.IsTransport(e))
        {
            cancellation.ThrowIfCancellationRequested();
            throw _call.Explain(e);
        }
    }

    /// <summary>Says that no more messages will be written; answers may still come.</summary>
    public void CompleteWriting() => _content.Complete();

    /// <summary>The next answer, or null after the server ended the call with OK. Ends with the call's token or deadline.</summary>
    public ValueTask<TResponse?> ReadAsync() => _reader.ReadAsync();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _call.CancelAsync();
        _content.Complete();
        await _reader.AbandonAsync();
        _content.Dispose();
        _call.Dispose();
        _ended.Dispose();
    }
}
