using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Dns.Wire;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Dns.Tests;

public sealed class DnsServerTests : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly FakeClock _clock = new();
    private readonly InformerFactory _informers = new(new ListOnlyApiClient(
        new Namespace { Metadata = new() { Name = "default" } },
        new Service { Metadata = new() { Namespace = "default", Name = "web" }, Spec = new() { ClusterIP = "10.96.0.7", ClusterIPs = ["10.96.0.7"] } }), TimeProvider.System);
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private DnsServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server = DnsServer.Start(
            new() { Listen = new(IPAddress.Loopback, 0), Upstream = [(IPEndPoint)_upstream.LocalEndPoint!] },
            _informers, _clock, NullLogger<DnsServer>.Instance);
        _informers.Start();
        await _informers.WaitForSyncAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _upstream.Dispose();
        await _informers.DisposeAsync();
    }

    private async Task<Socket> SendAsync(byte[] message)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(_server.EndPoint, Cancellation);
        await socket.SendAsync(message, Cancellation);
        return socket;
    }

    private static async Task<Messages.Response> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var length = await socket.ReceiveAsync(buffer, Cancellation);
        return Messages.Read(buffer[..length]);
    }

    [Fact]
    public async Task A_question_over_udp_is_answered()
    {
        using var socket = await SendAsync(Messages.Query("web.default.svc.cluster.local", DnsType.A, id: 77));
        var response = await ReceiveAsync(socket);
        Assert.Equal(77, response.Id);
        Assert.Equal(["web.default.svc.cluster.local A 10.96.0.7"], response.Answers);
    }

    [Fact]
    public async Task Several_questions_over_one_tcp_connection_are_answered()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.EndPoint, Cancellation);
        var stream = client.GetStream();
        for (ushort id = 1; id <= 3; id++)
        {
            var query = Messages.Query("web.default.svc.cluster.local", DnsType.A, id);
            await stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], Cancellation);
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, Cancellation);
            var response = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(response, Cancellation);
            Assert.Equal(id, Messages.Read(response).Id);
        }
    }

    [Fact]
    public async Task Other_names_are_asked_of_the_upstream_once_while_the_answer_lives()
    {
        using var first = await SendAsync(Messages.Query("example.com", DnsType.A, id: 5));
        var (asked, asker) = await UpstreamReceivesAsync();
        Assert.Equal("example.com", asked.Name);
        // A wrong id first: somebody guessing. It must not be taken.
        await AnswerAsync(asked with { Id = (ushort)(asked.Id + 1) }, "203.0.113.66", asker);
        await AnswerAsync(asked, "203.0.113.1", asker);
        var response = await ReceiveAsync(first);
        Assert.Equal(5, response.Id);
        Assert.Equal(["example.com A 203.0.113.1"], response.Answers);

        using var second = await SendAsync(Messages.Query("EXAMPLE.com", DnsType.A, id: 6));
        response = await ReceiveAsync(second);
        Assert.Equal(6, response.Id);
        Assert.Equal(["example.com A 203.0.113.1"], response.Answers);

        _clock.Advance(TimeSpan.FromSeconds(31));
        using var third = await SendAsync(Messages.Query("example.com", DnsType.A, id: 7));
        (asked, asker) = await UpstreamReceivesAsync();
        await AnswerAsync(asked, "203.0.113.2", asker);
        Assert.Equal(["example.com A 203.0.113.2"], (await ReceiveAsync(third)).Answers);
    }

    [Fact]
    public async Task Rubbish_is_answered_with_an_error_and_the_server_lives_on()
    {
        using var rubbish = await SendAsync([1, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 200, 200]);
        var buffer = new byte[512];
        var length = await rubbish.ReceiveAsync(buffer, Cancellation);
        Assert.Equal(12, length);
        Assert.Equal((byte)DnsResponseCode.FormatError, buffer[3] & 0xf);
        using var next = await SendAsync(Messages.Query("web.default.svc.cluster.local", DnsType.A));
        Assert.Single((await ReceiveAsync(next)).Answers);
    }

    private async Task<(DnsQuery Query, EndPoint Asker)> UpstreamReceivesAsync()
    {
        var buffer = new byte[4096];
        var received = await _upstream.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), Cancellation);
        return (DnsQuery.Parse(buffer.AsSpan(0, received.ReceivedBytes), out _)!, received.RemoteEndPoint);
    }

    private async Task AnswerAsync(DnsQuery query, string address, EndPoint asker) =>
        await _upstream.SendToAsync(
            DnsResponseWriter.Write(query, DnsResponseCode.NoError, [new AddressRecord(query.Name, 300, IPAddress.Parse(address))], [], 512, false),
            SocketFlags.None, asker, Cancellation);
}
