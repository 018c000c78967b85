using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coxswain.Node.Server;

/// <summary>Passes a client's connection through to the runtime's streaming server, byte by byte, whatever protocol the two agree on.</summary>
/// <remarks>
/// 1. Connect and repeat the client's request, upgrade headers included. 2. Anything but 101 is the client's answer. 3. Otherwise the
/// client's connection is taken over with the server's headers. 4. Bytes are copied both ways. The server ends the session by closing;
/// a client that closes its side only says that it has no more input.
/// </remarks>
internal static class StreamTunnel
{
    private const int HeadLimit = 64 * 1024;
    private const int BodyLimit = 1024 * 1024;
    private const int BufferSize = 32 * 1024;

    public static async Task RunAsync(HttpContext context, Uri address, CancellationToken cancellation)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
            throw KubeletApiException.BadRequest("Upgrade request required");

        // 1.
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port, cancellation);
        await using var server = new NetworkStream(socket);
        await server.WriteAsync(RequestHead(context.Request, address), cancellation);
        var (head, rest) = await ReadHeadAsync(server, cancellation);

        // 2.
        if (head.Status != StatusCodes.Status101SwitchingProtocols)
        {
            await PassAnswerAsync(context.Response, head, rest, server, cancellation);
            return;
        }

        // 3.
        foreach (var (name, value) in head.Headers)
        {
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
                context.Response.Headers.Append(name, value);
        }
        await using var client = await upgrade.UpgradeAsync();

        // 4.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var input = CopyInputAsync(client, server, socket, ended.Token);
        try
        {
            if (!rest.IsEmpty)
                await client.WriteAsync(rest, cancellation);
            await CopyAsync(server, client, cancellation);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // One of the two is gone, and with it the session.
        }
        finally
        {
            await ended.CancelAsync();
            await input;
        }
    }

    private static async Task CopyInputAsync(Stream client, Stream server, Socket socket, CancellationToken cancellation)
    {
        try
        {
            await CopyAsync(client, server, cancellation);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A client that broke off: the server must learn of it, or its session would wait for ever.
            if (!cancellation.IsCancellationRequested)
                socket.Close();
        }
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
            await to.FlushAsync(cancellation);
        }
    }

    private static byte[] RequestHead(HttpRequest request, Uri address)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{request.Method} {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\n");
        foreach (var (name, values) in request.Headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) || name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
                continue;
            foreach (var value in values)
                head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }
        if (request.Method == "POST" && request.ContentLength is null)
            head.Append("Content-Length: 0\r\n");
        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    private sealed record Head(int Status, IReadOnlyList<(string Name, string Value)> Headers)
    {
        public string? Find(string name) => Headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
    }

    private static async Task<(Head Head, ReadOnlyMemory<byte> Remainder)> ReadHeadAsync(Stream server, CancellationToken cancellation)
    {
        var buffer = new byte[HeadLimit];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await server.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
                break;
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (Parse(Encoding.Latin1.GetString(buffer, 0, end)), buffer.AsMemory((end + 4)..length));
        }
        throw new IOException("the runtime's streaming server sent no answer");
    }

    private static Head Parse(string text)
    {
        var lines = text.Split("\r\n");
        if (lines[0].Split(' ') is not [var version, var code, ..] || !version.StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            throw new IOException("the runtime's streaming server does not speak HTTP");
        var headers = new List<(string, string)>();
        foreach (var line in lines.Skip(1))
        {
            if (line.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
                headers.Add((line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }
        return new(status, headers);
    }

    // A refusal is a line of text with a length; a body of another form ends with the connection.
    private static async Task PassAnswerAsync(
        HttpResponse response, Head head, ReadOnlyMemory<byte> rest, Stream server, CancellationToken cancellation)
    {
        response.StatusCode = head.Status;
        if (head.Find("Content-Type") is { } type)
            response.ContentType = type;
        var length = long.TryParse(head.Find("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var stated)
            ? Math.Min(stated, BodyLimit)
            : head.Find("Transfer-Encoding") is null ? BodyLimit : 0;
        var body = new MemoryStream();
        body.Write(rest.Span);
        var buffer = new byte[4096];
        int read;
        while (body.Length < length && (read = await server.ReadAsync(buffer, cancellation)) > 0)
            body.Write(buffer, 0, read);
        response.ContentLength = Math.Min(body.Length, length);
        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)response.ContentLength), cancellation);
    }
}
