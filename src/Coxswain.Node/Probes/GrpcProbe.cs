using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Coxswain.Node.Probes;

/// <summary>The standard gRPC health check, over plain HTTP/2. Both messages have one field, so that they are written out here.</summary>
internal sealed class GrpcProbe : IDisposable
{
    private const int Serving = 1;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    public async Task<ProbeAnswer> CheckAsync(string host, int port, string service, CancellationToken cancellation)
    {
        var address = new Uri($"http://{Prober.HostPort(host, port)}/grpc.health.v1.Health/Check");
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(RequestFor(service)),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/grpc");
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        try
        {
            using var response = await _client.SendAsync(request, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            var code = Header(response, "grpc-status");
            if (code == "12")
                return new(ProbeOutcome.Failure, $"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {Header(response, "grpc-message")}");
            if (code is not "0")
                return new(ProbeOutcome.Failure, $"error: health rpc failed: rpc error: code = {Name(code)} desc = {Header(response, "grpc-message")}");
            var status = StatusOf(body);
            return status == Serving
                ? new(ProbeOutcome.Success, "service healthy")
                : new(ProbeOutcome.Failure, $"service unhealthy (responded with \"{StatusName(status)}\")");
        }
        catch (HttpRequestException failed)
        {
            var reason = failed.InnerException is SocketException socket ? socket.Message.ToLowerInvariant() : failed.Message;
            return new(ProbeOutcome.Failure, $"error: failed to connect service \"{Prober.HostPort(host, port)}\": {reason}");
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Five bytes of frame, then field 1 (the service) unless it is empty.</summary>
    internal static byte[] RequestFor(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        using var message = new MemoryStream();
        if (name.Length > 0)
        {
            message.WriteByte(0x0A);
            for (var rest = (uint)name.Length; ; rest >>= 7)
            {
                message.WriteByte((byte)(rest < 0x80 ? rest : (rest & 0x7F) | 0x80));
                if (rest < 0x80)
                    break;
            }

            message.Write(name);
        }

        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(framed.AsSpan(1), (uint)message.Length);
        message.ToArray().CopyTo(framed, 5);
        return framed;
    }

    /// <summary>Field 1 of the answer; absent means 0, "unknown".</summary>
    internal static int StatusOf(ReadOnlySpan<byte> framed)
    {
        if (framed.Length < 7 || framed[0] != 0 || framed[5] != 0x08)
            return 0;
        return framed[6];
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailing) ? string.Join(',', trailing)
        : response.Headers.TryGetValues(name, out var leading) ? string.Join(',', leading)
        : null;

    private static string StatusName(int status) => status switch
    {
        1 => "SERVING",
        2 => "NOT_SERVING",
        3 => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };

    private static string Name(string? code) => int.TryParse(code, System.Globalization.CultureInfo.InvariantCulture, out var number)
        ? ((Runtime.RuntimeErrorCode)number).ToString()
        : "Unknown";
}
