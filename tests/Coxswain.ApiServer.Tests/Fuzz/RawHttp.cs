using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Fuzz;

/// <summary>HTTP/1.1 without a library that would mend what we break: bytes go out as they are.</summary>
internal sealed class RawHttp(TestCluster cluster) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private TcpClient? _client;
    private SslStream? _stream;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public sealed record Response(int Code, string Head, string Body);

    /// <summary>Sends bytes on a connection that is kept as long as the server keeps it.</summary>
    /// <returns>Null: the server closed the connection without a word.</returns>
    public async Task<Response?> SendAsync(byte[] request, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var fresh = await ConnectAsync(patience.Token);
        try
        {
            try
            {
                await _stream!.WriteAsync(request, patience.Token);
                if (await ReadAsync(patience.Token) is { } answered)
                    return answered;
            }
            catch (IOException)
            {
                // The server may close while we still write.
            }

            Close();
            if (fresh)
                return null;
            // The kept connection may have been closed for what went before: once more on a new one.
            await ConnectAsync(patience.Token);
            await _stream!.WriteAsync(request, patience.Token);
            var second = await ReadAsync(patience.Token);
            if (second is null)
                Close();
            return second;
        }
        catch (IOException)
        {
            Close();
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Close();
            throw new TimeoutException($"no answer to {Encoding.Latin1.GetString(request.AsSpan(0, Math.Min(request.Length, 2000)))}");
        }
    }

    private async Task<bool> ConnectAsync(CancellationToken cancellation)
    {
        if (_stream is not null)
            return false;
        (_start, _end) = (0, 0);
        _client = new TcpClient { NoDelay = true };
        await _client.ConnectAsync("127.0.0.1", cluster.Server.Port, cancellation);
        _stream = new SslStream(_client.GetStream());
        await _stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, c, _, _) => c is X509Certificate2 peer && cluster.IsOurs(peer) }, cancellation);
        return true;
    }

    private async Task<Response?> ReadAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        string? line;
        while ((line = await LineAsync(cancellation)) is { Length: > 0 })
            lines.Add(line);
        if (lines.Count == 0)
            return null;
        var code = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var head = string.Join("\n", lines);
        string? Header(string name) => lines.FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

        var body = new List<byte>();
        if (code == 101)
        {
            Close();
            return new(code, head, "");
        }

        if (Header("Content-Length") is { } length)
        {
            await TakeAsync(body, int.Parse(length, CultureInfo.InvariantCulture), cancellation);
        }
        else if (Header("Transfer-Encoding") == "chunked")
        {
            while (true)
            {
                var size = int.Parse(await LineAsync(cancellation) ?? "0", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                await TakeAsync(body, size, cancellation);
                await LineAsync(cancellation);
                if (size == 0)
                    break;
            }
        }

        if (Header("Connection") == "close")
            Close();
        return new(code, head, Encoding.UTF8.GetString([.. body]));
    }

    private async Task<string?> LineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !await FillAsync(cancellation))
                return line.Length > 0 ? line.ToString() : null;
            var c = (char)_buffer[_start++];
            if (c == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append(c);
        }
    }

    private async Task TakeAsync(List<byte> into, int count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            if (_start == _end && !await FillAsync(cancellation))
                return;
            var part = Math.Min(count, _end - _start);
            into.AddRange(_buffer.AsSpan(_start, part));
            _start += part;
            count -= part;
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        _start = 0;
        _end = await _stream!.ReadAsync(_buffer, cancellation);
        return _end > 0;
    }

    private void Close()
    {
        _stream?.Dispose();
        _client?.Dispose();
        (_stream, _client) = (null, null);
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }
}
