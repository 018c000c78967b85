using System.Net.Sockets;
using System.Net.WebSockets;
using Coxswain.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>The streams that an exec or attach was asked to have.</summary>
internal readonly record struct CommandStreams(bool Input, bool Output, bool Errors, bool Terminal);

/// <summary>exec and attach over a WebSocket of version 5, which can end its input and go on listening: kubelets do not know it, so it is
/// told to them over SPDY.</summary>
/// <remarks>
/// 1. Connect to the kubelet and upgrade to SPDY. If it refuses, its answer is the client's answer too.
/// 2. Open the streams, then take the client's WebSocket.
/// 3. Pass both ways: one byte in front of each message names its channel.
/// 4. When the kubelet ends, so does the WebSocket, in order.
/// </remarks>
internal static class RemoteCommandBridge
{
    private const string Protocol = "v5.channel.k8s.io";
    private const string KubeletProtocol = "v4.channel.k8s.io";

    // Channels of the WebSocket; the stream of channel n is 2n+1, in the order in which kubelets take them.
    private const byte Input = 0, Output = 1, Errors = 2, Outcome = 3, Resize = 4, End = 255;

    public static bool Handles(HttpContext context) => WebSocketHandshake.Offers(context, Protocol);

    /// <exception cref="IOException">The kubelet cannot be reached. Nothing was answered yet.</exception>
    public static async Task RunAsync(HttpContext context, UpstreamTarget target, CommandStreams wanted, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var peer = await UpgradeTunnel.DialAsync(socket, target, cancellation);
        await peer.WriteAsync(UpgradeTunnel.SpdyHead(target.Address, KubeletProtocol), cancellation);
        var (status, _, headers, rest) = await UpgradeTunnel.ReadHeadAsync(peer, cancellation);
        if (status != StatusCodes.Status101SwitchingProtocols)
        {
            await UpgradeTunnel.AnswerAsync(context.Response, status, headers, rest, peer, cancellation);
            return;
        }

        using var spdy = new SpdyClient(peer, rest);
        foreach (var (channel, name) in Streams(wanted))
            await spdy.OpenAsync(StreamOf(channel), "streamtype", name, cancellation);

        using var client = await WebSocketHandshake.AcceptAsync(context, Protocol);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var listening = ListenAsync(client, spdy, wanted, ended.Token);
        var talking = TalkAsync(client, spdy, ended.Token);
        await Task.WhenAny(listening, talking);
        // The peer goes first in ending: what it has said is passed on even where the client has nothing more to say.
        if (talking.IsCompletedSuccessfully && client.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await UpgradeTunnel.QuietlyAsync(client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", ended.Token));
        await ended.CancelAsync();
        await UpgradeTunnel.QuietlyAsync(listening);
        await UpgradeTunnel.QuietlyAsync(talking);
    }

    private static IEnumerable<(byte Channel, string Name)> Streams(CommandStreams wanted)
    {
        if (wanted.Input)
            yield return (Input, "stdin");
        if (wanted.Output)
            yield return (Output, "stdout");
        // A terminal has one output only.
        if (wanted.Errors && !wanted.Terminal)
            yield return (Errors, "stderr");
        yield return (Outcome, "error");
        if (wanted.Terminal)
            yield return (Resize, "resize");
    }

    private static int StreamOf(byte channel) => (channel * 2) + 1;

    /// <summary>From the client to the kubelet, until the client closes.</summary>
    private static async Task ListenAsync(WebSocket client, SpdyClient spdy, CommandStreams wanted, CancellationToken cancellation)
    {
        var buffer = new byte[32 * 1024];
        byte channel = 0;
        var begins = true;
        while (true)
        {
            var part = await client.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
                return;
            var data = buffer.AsMemory(0, part.Count);
            if (begins && data.Length > 0)
            {
                channel = data.Span[0];
                data = data[1..];
                begins = false;
            }

            if (channel == End && data.Length > 0 && data.Span[0] == Input && wanted.Input)
                await spdy.SendAsync(StreamOf(Input), default, end: true, cancellation);
            else if (data.Length > 0 && ((channel == Input && wanted.Input) || (channel == Resize && wanted.Terminal)))
                await spdy.SendAsync(StreamOf(channel), data, end: false, cancellation);
            begins |= part.EndOfMessage;
        }
    }

    /// <summary>From the kubelet to the client, until the kubelet has ended all it says.</summary>
    private static async Task TalkAsync(WebSocket client, SpdyClient spdy, CancellationToken cancellation)
    {
        var message = Array.Empty<byte>();
        while (await spdy.ReadAsync(cancellation) is { } piece)
        {
            var channel = (byte)((piece.Stream - 1) / 2);
            if (channel is not (Output or Errors or Outcome))
                continue;
            if (piece.Data.Length > 0)
            {
                if (message.Length < piece.Data.Length + 1)
                    message = new byte[piece.Data.Length + 1];
                message[0] = channel;
                piece.Data.CopyTo(message.AsMemory(1));
                await client.SendAsync(message.AsMemory(0, piece.Data.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellation);
            }
        }
    }
}
