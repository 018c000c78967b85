using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;
using Coxswain.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Subresources;

/// <summary>port-forward over a WebSocket whose messages are the bytes of a SPDY connection: what a current kubectl asks for first, as proxies on its
/// way let WebSockets through. The kubelet is spoken to in SPDY, and sees no difference.</summary>
internal static class WebSocketTunnel
{
    private const string KubeletProtocol = "portforward.k8s.io";
    private const string Protocol = "SPDY/3.1+" + KubeletProtocol;

    public static bool Handles(HttpContext context) => WebSocketHandshake.Offers(context, Protocol);

    /// <exception cref="IOException">The kubelet cannot be reached. Nothing was answered yet.</exception>
    public static async Task RunAsync(HttpContext context, UpstreamTarget target, CancellationToken cancellation)
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

        using var client = await WebSocketHandshake.AcceptAsync(context, Protocol);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var there = ListenAsync(client, peer, ended.Token);
        var back = TalkAsync(client, peer, rest, ended.Token);
        await Task.WhenAny(there, back);
        if (back.IsCompletedSuccessfully && client.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await UpgradeTunnel.QuietlyAsync(client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", ended.Token));
        await ended.CancelAsync();
        await UpgradeTunnel.QuietlyAsync(there);
        await UpgradeTunnel.QuietlyAsync(back);
    }

    private static async Task ListenAsync(WebSocket client, Stream peer, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            while (await client.ReceiveAsync(buffer.AsMemory(), cancellation) is { MessageType: not WebSocketMessageType.Close } part)
            {
                await peer.WriteAsync(buffer.AsMemory(0, part.Count), cancellation);
                await peer.FlushAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task TalkAsync(WebSocket client, Stream peer, ReadOnlyMemory<byte> early, CancellationToken cancellation)
    {
        if (early.Length > 0)
            await client.SendAsync(early, WebSocketMessageType.Binary, endOfMessage: true, cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int read;
            while ((read = await peer.ReadAsync(buffer, cancellation)) > 0)
                await client.SendAsync(buffer.AsMemory(0, read), WebSocketMessageType.Binary, endOfMessage: true, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
