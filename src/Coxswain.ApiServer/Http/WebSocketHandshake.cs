using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coxswain.ApiServer.Http;

/// <summary>The server's side of opening a WebSocket over HTTP/1.1 (RFC 6455, 4.2).</summary>
internal static class WebSocketHandshake
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static bool IsRequested(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
        && context.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
        && context.Request.Headers.SecWebSocketKey.Count == 1;

    /// <summary>Whether a WebSocket is asked for that may speak this subprotocol.</summary>
    public static bool Offers(HttpContext context, string protocol) =>
        IsRequested(context) && context.Request.Headers.SecWebSocketProtocol.Any(l => (l ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(protocol));

    /// <param name="chosen">The subprotocol to speak; null: the first that the client offers.</param>
    public static async Task<WebSocket> AcceptAsync(HttpContext context, string? chosen = null)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString();
        var headers = context.Response.Headers;
        headers.Upgrade = "websocket";
#pragma warning disable CA5350 // RFC 6455 asks for SHA-1; nothing secret depends on it.
        headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
#pragma warning restore CA5350
        var protocol = chosen ?? Protocol(context.Request);
        if (protocol is not null)
            headers.SecWebSocketProtocol = protocol;
        context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
        {
            IsServer = true,
            // Told to the client above; the library would refuse names with a slash, and makes no other use of it.
            SubProtocol = null,
            KeepAliveInterval = TimeSpan.FromSeconds(30),
        });
    }

    /// <summary>The first subprotocol that is not a token in disguise.</summary>
    private static string? Protocol(HttpRequest request)
    {
        foreach (var line in request.Headers.SecWebSocketProtocol)
            foreach (var name in (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                if (!name.StartsWith("base64url.bearer.", StringComparison.Ordinal))
                    return name;
        return null;
    }
}
