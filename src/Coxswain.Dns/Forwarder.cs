using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Coxswain.Dns.Wire;

namespace Coxswain.Dns;

/// <summary>Asks other name servers what this one does not know.</summary>
/// <remarks>Each question goes out from a port and with an id of its own, both random, and only an answer that repeats id and question from
/// the server asked is taken (RFC 5452). A truncated answer is fetched again over TCP. Thread-safe.</remarks>
internal sealed class Forwarder(IReadOnlyList<IPEndPoint> servers, TimeProvider clock)
{
    private static readonly TimeSpan PerServer = TimeSpan.FromSeconds(2);

    public bool HasServers => servers.Count > 0;

    /// <summary>The first server's answer that comes, in the order of the list; null if none answers.</summary>
    /// <param name="message">The query as it came; only its id is changed.</param>
    public async Task<byte[]?> AskAsync(DnsQuery query, ReadOnlyMemory<byte> message, bool overTcp, CancellationToken cancellation)
    {
        foreach (var server in servers)
        {
            using var timeout = new CancellationTokenSource(PerServer, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
            try
            {
                var outgoing = message.ToArray();
                BinaryPrimitives.WriteUInt16BigEndian(outgoing, (ushort)RandomNumberGenerator.GetInt32(65536));
                var answer = overTcp ? null : await AskUdpAsync(server, query, outgoing, either.Token).ConfigureAwait(false);
                if (answer is null || (answer[2] & 0x02) != 0)
                    answer = await AskTcpAsync(server, query, outgoing, either.Token).ConfigureAwait(false) ?? answer;
                if (answer is null)
                    continue;
                BinaryPrimitives.WriteUInt16BigEndian(answer, query.Id);
                return answer;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // This server's time is up: the next one.
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // Unreachable or reset: the next one.
            }
        }

        return null;
    }

    private static async Task<byte[]?> AskUdpAsync(IPEndPoint server, DnsQuery query, byte[] outgoing, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the kernel drops what comes from anybody else.
        await socket.ConnectAsync(server, cancellation).ConfigureAwait(false);
        await socket.SendAsync(outgoing, cancellation).ConfigureAwait(false);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            if (Answers(buffer.AsSpan(0, length), outgoing, query))
                return buffer[..length];
        }
    }

    private static async Task<byte[]?> AskTcpAsync(IPEndPoint server, DnsQuery query, byte[] outgoing, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation).ConfigureAwait(false);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[outgoing.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)outgoing.Length);
        outgoing.CopyTo(framed.AsSpan(2));
        await stream.WriteAsync(framed, cancellation).ConfigureAwait(false);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        return Answers(answer, outgoing, query) ? answer : null;
    }

    private static bool Answers(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> asked, DnsQuery query)
    {
        if (answer.Length < DnsQuery.HeaderLength || !answer[..2].SequenceEqual(asked[..2]) || (answer[2] & 0x80) == 0)
            return false;
        var position = DnsQuery.HeaderLength;
        return BinaryPrimitives.ReadUInt16BigEndian(answer[4..]) == 1
            && DnsQuery.TryReadName(answer, ref position, out var name) && name == query.Name
            && position + 4 <= answer.Length
            && BinaryPrimitives.ReadUInt16BigEndian(answer[position..]) == (ushort)query.Type;
    }
}
