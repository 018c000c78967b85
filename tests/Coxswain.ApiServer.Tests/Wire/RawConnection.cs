using System.Buffers.Text;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Wire;

/// <summary>A client of HTTP/1.1 over TLS that allocates next to nothing for a request, so that what is counted is the server's.</summary>
/// <remarks>Requests are made beforehand as bytes; six digits in them may be replaced. For one request at a time.</remarks>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _tcp = new() { NoDelay = true };
    private readonly SslStream _tls;
    private readonly byte[] _received = new byte[1 << 20];

    public RawConnection(TestCluster cluster)
    {
        _tcp.Connect("127.0.0.1", cluster.Address.Port);
#pragma warning disable CA5359 // The server is in this process; who it is, is not what is tested.
        _tls = new(_tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        _tls.AuthenticateAsClient("127.0.0.1");
    }

    public const string Digits = "000000";

    public static byte[] Request(string method, string target, string body = "", string contentType = "application/json") => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestCluster.AdminToken}\r\nUser-Agent: budget\r\nAccept: application/json\r\n"
        + $"Content-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));

    /// <summary>Puts a number in the place of each row of six zeros.</summary>
    public static byte[] Numbered(byte[] template, byte[] request, int number)
    {
        template.CopyTo(request, 0);
        for (var rest = request.AsSpan(); rest.IndexOf("000000"u8) is var at and >= 0; rest = rest[(at + Digits.Length)..])
            Utf8Formatter.TryFormat(number, rest.Slice(at, Digits.Length), out _, new('D', (byte)Digits.Length));
        return request;
    }

    /// <returns>The status, after all of the answer has come.</returns>
    public int Send(ReadOnlySpan<byte> request)
    {
        _tls.Write(request);
        var length = 0;
        int end;
        while ((end = _received.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
            length += Receive(length);
        var head = _received.AsSpan(0, end);
        Assert.True(Utf8Parser.TryParse(head["HTTP/1.1 ".Length..], out int status, out _));
        var field = head.IndexOf("Content-Length: "u8);
        if (field < 0)
            return status;
        Assert.True(Utf8Parser.TryParse(head[(field + "Content-Length: ".Length)..], out long body, out _));
        for (var left = body - (length - end - 4); left > 0;)
            left -= Receive(0);
        return status;
    }

    /// <summary>Reads on until a line has ended.</summary>
    public void ReadLine()
    {
        while (_received.AsSpan(0, Receive(0)).IndexOf("}\n"u8) < 0)
        {
        }
    }

    private int Receive(int at)
    {
        var count = _tls.Read(_received, at, _received.Length - at);
        return count > 0 ? count : throw new IOException("the server has closed the connection");
    }

    public void Dispose()
    {
        _tls.Dispose();
        _tcp.Dispose();
    }
}
