using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Passes an upgraded connection (SPDY/3.1 or WebSocket) on, byte by byte, both ways.</summary>
/// <remarks>
/// 1. Connect to the peer and send the request with the client's own upgrade headers.
/// 2. Read the peer's answer. If it is not 101, it is the client's answer too.
/// 3. Take over the client's connection with the peer's 101 headers.
/// 4. Copy until either side ends; then the other is closed too.
/// </remarks>
internal static class UpgradeTunnel
{
    private const int MaxHead = 32 * 1024;
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(30);

    public static bool IsUpgrade(HttpContext context) => context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;

    /// <exception cref="IOException">The peer cannot be reached or does not speak HTTP. Nothing was answered yet.</exception>
    public static async Task RunAsync(HttpContext context, UpstreamTarget target, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var peer = await DialAsync(socket, target, cancellation);

        await peer.WriteAsync(Head(context.Request, target.Address), cancellation);
        var (status, reason, headers, rest) = await ReadHeadAsync(peer, cancellation);
        if (status != StatusCodes.Status101SwitchingProtocols)
        {
            await AnswerAsync(context.Response, status, headers, rest, peer, cancellation);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        foreach (var (name, value) in headers)
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
                context.Response.Headers.Append(name, value);

        var client = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        await using (client)
        {
            if (rest.Length > 0)
                await client.WriteAsync(rest, cancellation);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var there = CopyAsync(client, peer, socket, ended.Token);
            var back = CopyAsync(peer, client, null, ended.Token);
            await Task.WhenAny(back, there);

            // The peer decides when a stream of output is over; a client that only stopped sending may still be reading.
            if (!back.IsCompleted)
                await Task.WhenAny(back, Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System, ended.Token));
            await ended.CancelAsync();
            await Task.WhenAll(there, back);
        }
    }

    /// <exception cref="IOException">The peer cannot be reached.</exception>
    internal static async Task<Stream> DialAsync(Socket socket, UpstreamTarget target, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(DialTimeout);
        try
        {
            await socket.ConnectAsync(target.Address.DnsSafeHost, target.Address.Port, timeout.Token);
            var plain = new NetworkStream(socket, ownsSocket: false);
            if (!target.IsTls)
                return plain;
            var tls = new SslStream(plain, leaveInnerStreamOpen: false);
            await tls.AuthenticateAsClientAsync(target.Tls ?? UpstreamTrust.Options(target), timeout.Token);
            return tls;
        }
        catch (Exception e) when (e is SocketException or System.Security.Authentication.AuthenticationException)
        {
            throw new IOException($"error dialing backend: dial tcp {target.Address.Authority}: {e.Message}", e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"error dialing backend: dial tcp {target.Address.Authority}: i/o timeout");
        }
    }

    /// <summary>Asks a kubelet for SPDY with one of its stream protocols.</summary>
    internal static byte[] SpdyHead(Uri address, string protocol) => Encoding.Latin1.GetBytes(
        $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        + $"X-Stream-Protocol-Version: {protocol}\r\nContent-Length: 0\r\n\r\n");

    /// <summary>Waits for one way of a connection that is over.</summary>
    internal static async Task QuietlyAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or WebSocketException or ObjectDisposedException)
        {
            // Either side may vanish at any time; that ends the tunnel and is nobody's error.
        }
    }

    private static byte[] Head(HttpRequest request, Uri address)
    {
        var head = new StringBuilder();
        head.Append(request.Method).Append(' ').Append(address.PathAndQuery).Append(" HTTP/1.1\r\nHost: ").Append(address.Authority).Append("\r\n");
        foreach (var header in request.Headers)
        {
            if (header.Key is "Host" or "Authorization" || header.Key.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase))
                continue;
            foreach (var value in header.Value)
                head.Append(header.Key).Append(": ").Append(value).Append("\r\n");
        }

        if (!request.Headers.ContainsKey("Content-Length") && request.Method is "POST")
            head.Append("Content-Length: 0\r\n");
        head.Append("X-Forwarded-For: ").Append(request.HttpContext.Connection.RemoteIpAddress).Append("\r\n\r\n");
        return Encoding.UTF8.GetBytes(head.ToString());
    }

    internal static async Task<(int Status, string Reason, List<KeyValuePair<string, string>> Headers, byte[] Remainder)> ReadHeadAsync(
        Stream peer, CancellationToken cancellation)
    {
        var buffer = new byte[MaxHead];
        var length = 0;
        while (true)
        {
            var read = await peer.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
                throw new IOException("the backend closed the connection before it answered");
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return Parse(Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
            if (length == buffer.Length)
                throw new IOException("the backend's answer has too large a header");
        }
    }

    private static (int, string, List<KeyValuePair<string, string>>, byte[]) Parse(string head, byte[] rest)
    {
        var lines = head.Split("\r\n");
        var status = lines[0].Split(' ', 3);
        if (status.Length < 2 || !status[0].StartsWith("HTTP/1.", StringComparison.Ordinal) || !int.TryParse(status[1], out var code))
            throw new IOException("the backend's answer is not HTTP");
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                headers.Add(new(line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }

        return (code, status.Length > 2 ? status[2] : "", headers, rest);
    }

    internal static async Task AnswerAsync(
        HttpResponse response, int status, List<KeyValuePair<string, string>> headers, byte[] rest, Stream peer, CancellationToken cancellation)
    {
        response.StatusCode = status;
        long? length = null;
        var chunked = false;
        foreach (var (name, value) in headers)
        {
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && long.TryParse(value, out var stated))
                length = stated;
            else if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                chunked = true;
            else if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-", StringComparison.OrdinalIgnoreCase))
                response.Headers.Append(name, value);
        }

        // A refusal is short; what it says is worth passing on, how it was framed is not.
        var body = new MemoryStream();
        body.Write(rest);
        var chunk = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (body.Length < MaxHead && (length is null || body.Length < length))
            {
                if (chunked && body.GetBuffer().AsSpan(0, (int)body.Length).EndsWith("0\r\n\r\n"u8))
                    break;
                var read = await peer.ReadAsync(chunk, cancellation);
                if (read == 0)
                    break;
                body.Write(chunk, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        var bytes = body.ToArray();
        await response.Body.WriteAsync(chunked ? Unchunk(bytes) : bytes, cancellation);
    }

    private static byte[] Unchunk(ReadOnlySpan<byte> chunks)
    {
        var whole = new MemoryStream();
        while (true)
        {
            var line = chunks.IndexOf("\r\n"u8);
            if (line <= 0)
                return whole.ToArray();
            var text = Encoding.ASCII.GetString(chunks[..line]).Split(';')[0];
            chunks = chunks[(line + 2)..];
            if (!int.TryParse(text, System.Globalization.NumberStyles.HexNumber, null, out var size) || size <= 0 || size > chunks.Length)
                return whole.ToArray();
            whole.Write(chunks[..size]);
            chunks = chunks[Math.Min(size + 2, chunks.Length)..];
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, Socket? halfClose, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
                await to.FlushAsync(cancellation);
            }

            if (halfClose is not null && to is SslStream tls)
                await tls.ShutdownAsync();
            else
                halfClose?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Either side may vanish at any time; that ends the tunnel and is nobody's error.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
