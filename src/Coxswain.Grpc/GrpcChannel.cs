using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Coxswain.Grpc;

/// <summary>A connection to one gRPC server, made when first needed and again when it was lost.</summary>
/// <remarks>Safe for concurrent use; calls share connections. A failed call is never repeated by the channel.</remarks>
public sealed class GrpcChannel : IDisposable
{
    private static readonly MediaTypeHeaderValue GrpcType = new("application/grpc");

    private readonly HttpMessageInvoker _http;
    private readonly Uri _address;
    private readonly GrpcChannelOptions _options;

    private GrpcChannel(Uri address, GrpcChannelOptions options, Func<CancellationToken, ValueTask<Stream>>? connect)
    {
        _address = address;
        _options = options;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            // Servers count pings without calls as abuse (gRPC A8); with calls they find a peer that died without a word.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (options.Tls is { } tls)
            handler.SslOptions = tls;
        if (connect is not null)
            handler.ConnectCallback = (_, cancellation) => connect(cancellation);
        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>A channel over a Unix socket. The path is looked at only when a call connects.</summary>
    /// <exception cref="ArgumentException">The path is longer than the kernel's address of a Unix socket (107 bytes).</exception>
    public static GrpcChannel ForUnixSocket(string path, GrpcChannelOptions options)
    {
        var endpoint = new UnixDomainSocketEndPoint(path);
        return new GrpcChannel(new Uri("http://localhost"), options, async cancellation =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(endpoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        });
    }

    /// <summary>A channel over TCP: <c>http://host:port</c> speaks HTTP/2 at once, <c>https://host:port</c> over TLS.</summary>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions options) => new(address, options, connect: null);

    /// <summary>One question, one answer.</summary>
    /// <exception cref="GrpcException">The server refused, the deadline passed, or the connection failed.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request,
        TimeSpan? deadline, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var call = new GrpcCall(deadline, _options.Clock, cancellation);
        try
        {
            using var response = await SendAsync(method.Path, FrameContent(request), call);
            var body = await response.Content.ReadAsStreamAsync(call.Token);
            var answer = await GrpcFraming.ReadAsync(body, method.Parser, _options.MaxReceiveMessageSize, call.Token);
            if (answer is not null && await GrpcFraming.ReadAsync(body, method.Parser, _options.MaxReceiveMessageSize, call.Token) is not null)
                throw new GrpcException(GrpcStatusCode.Internal, "the server sent two answers to one question");

            GrpcStatus.CheckTrailers(response);
            return answer ?? throw new GrpcException(GrpcStatusCode.Internal, "the server said OK without an answer");
        }
        catch (Exception e) when (GrpcCall.IsTransport(e))
        {
            throw call.Explain(e);
        }
    }

    /// <summary>One question, any number of answers. Leaving the enumeration early ends the call.</summary>
    /// <exception cref="GrpcException">As for a unary call; answers before it have been handed out.</exception>
    public async IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, TRequest request,
        TimeSpan? deadline, [EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var call = new GrpcCall(deadline, _options.Clock, cancellation);
        using var reader = new GrpcResponseReader<TResponse>(method.Parser, _options.MaxReceiveMessageSize, call);
        reader.Begin(SendAsync(method.Path, FrameContent(request), call));
        while (await reader.ReadAsync() is { } answer)
            yield return answer;
    }

    /// <summary>Both sides stream. The returned call is the caller's to dispose, which ends it.</summary>
    public GrpcDuplexCall<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method,
        TimeSpan? deadline, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new GrpcCall(deadline, _options.Clock, cancellation);
        var content = new GrpcStreamContent();
        content.Headers.ContentType = GrpcType;
        var reader = new GrpcResponseReader<TResponse>(method.Parser, _options.MaxReceiveMessageSize, call);
        reader.Begin(SendAsync(method.Path, content, call));
        return new GrpcDuplexCall<TRequest, TResponse>(call, content, reader, _options.MaxSendMessageSize);
    }

    public void Dispose() => _http.Dispose();

    private ByteArrayContent FrameContent<TRequest>(TRequest request) where TRequest : IMessage<TRequest>
    {
        var content = new ByteArrayContent(GrpcFraming.Frame(request, _options.MaxSendMessageSize));
        content.Headers.ContentType = GrpcType;
        return content;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent content, GrpcCall call)
    {
        // Not disposed here: disposing the request disposes content that a duplex call still writes.
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new("trailers"));
        request.Headers.UserAgent.Add(new("coxswain-grpc", "1"));
        if (call.Timeout is { } timeout)
            request.Headers.Add("grpc-timeout", GrpcTimeout.Format(timeout));
        foreach (var (name, value) in _options.Headers)
            request.Headers.Add(name, value);

        var response = await _http.SendAsync(request, call.Token);
        try
        {
            GrpcStatus.CheckHeaders(response);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
