using Google.Protobuf;

namespace Coxswain.Grpc;

/// <summary>Reads the answers of a streaming call one by one. For one reader at a time.</summary>
internal sealed class GrpcResponseReader<TResponse>(MessageParser<TResponse> parser, int limit, GrpcCall call) : IDisposable
    where TResponse : class, IMessage<TResponse>
{
    private Task<HttpResponseMessage>? _sending;
    private HttpResponseMessage? _response;
    private Stream? _body;

    /// <summary>Ends with the answer's headers, or with why there are none.</summary>
    public Task Sending => _sending!;

    public void Begin(Task<HttpResponseMessage> sending) => _sending = sending;

    /// <summary>The next answer, or null after the server ended the call with OK.</summary>
    public async ValueTask<TResponse?> ReadAsync()
    {
        try
        {
            _response ??= await _sending!;
            _body ??= await _response.Content.ReadAsStreamAsync(call.Token);
            var answer = await GrpcFraming.ReadAsync(_body, parser, limit, call.Token);
            if (answer is null)
                GrpcStatus.CheckTrailers(_response);
            return answer;
        }
        catch (Exception e) when (GrpcCall.IsTransport(e))
        {
            throw call.Explain(e);
        }
    }

    public void Dispose() => _response?.Dispose();

    /// <summary>Waits for a send that nobody has read from, so that its failure has an owner.</summary>
    public async ValueTask AbandonAsync()
    {
        try
        {
            _response ??= await _sending!;
        }
        catch (Exception e) when (GrpcCall.IsTransport(e))
        {
            // The call was given up; how it failed interests nobody any more.
        }
        _response?.Dispose();
    }
}
