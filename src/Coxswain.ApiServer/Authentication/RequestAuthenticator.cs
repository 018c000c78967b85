using System.Buffers.Text;
using System.Text;
using Coxswain.Api.Authentication.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Who sent this HTTP request: whom a trusted proxy names, then client certificate, then bearer token; without either, anonymous.</summary>
/// <remarks>Credentials that do not hold are refused; they never turn into the anonymous user.</remarks>
internal sealed class RequestAuthenticator(
    ClientCertificates certificates,
    StaticTokens tokens,
    ServiceAccountAuthenticator? accounts,
    RequestHeaderAuthenticator proxies,
    IReadOnlyCollection<string> audiences,
    bool allowAnonymous,
    TimeProvider clock)
{
    private const string ProtocolPrefix = "base64url.bearer.authorization.k8s.io.";

    // The handshake proved who the peer is; that holds for the whole connection.
    private static readonly object ConnectionUserKey = new();

    /// <summary>Null: unauthorized.</summary>
    public async ValueTask<UserInfo?> AuthenticateAsync(HttpContext context, CancellationToken cancellation)
    {
        if (proxies.Authenticate(context) is { } named)
        {
            context.Request.Headers.Remove("Authorization");
            return named;
        }

        var certificate = CertificateUser(context, out var presented);
        if (certificate is not null)
        {
            context.Request.Headers.Remove("Authorization");
            return certificate;
        }

        var token = BearerToken(context.Request, out var malformed);
        if (token is not null)
        {
            // The header must not travel on, for instance to a proxied service.
            context.Request.Headers.Remove("Authorization");
            return await AuthenticateTokenAsync(token, audiences, cancellation) is { User: { } user } ? user : null;
        }

        return presented || malformed || !allowAnonymous ? null : Users.Anonymous;
    }

    public async ValueTask<(UserInfo? User, IReadOnlyList<string> Audiences)> AuthenticateTokenAsync(
        string token, IReadOnlyCollection<string> asked, CancellationToken cancellation)
    {
        // Static tokens know no audience: they are meant for this server.
        if (tokens.Find(token) is { } known)
            return asked.Any(audiences.Contains) ? (known, [.. asked.Where(audiences.Contains)]) : (null, []);
        return accounts is null ? (null, []) : await accounts.AuthenticateAsync(token, asked, cancellation);
    }

    private UserInfo? CertificateUser(HttpContext context, out bool presented)
    {
        presented = false;
        if (context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate)
            return null;

        presented = true;
        var items = context.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>()?.Items;
        if (items is not null)
        {
            lock (items)
                if (items.TryGetValue(ConnectionUserKey, out var remembered) && remembered is Remembered known && clock.GetUtcNow() < known.Until)
                    return known.User;
        }

        var user = certificates.Authenticate(certificate);
        if (items is not null)
            lock (items)
                items[ConnectionUserKey] = new Remembered(user, new DateTimeOffset(certificate.NotAfter));
        return user;
    }

    private sealed record Remembered(UserInfo? User, DateTimeOffset Until);

    private static string? BearerToken(HttpRequest request, out bool malformed)
    {
        malformed = false;
        var header = request.Headers.Authorization.ToString();
        if (header.Length > 0)
        {
            var text = header.AsSpan().Trim();
            var space = text.IndexOf(' ');
            if (space < 0 || !text[..space].Equals("Bearer", StringComparison.OrdinalIgnoreCase))
                return null;
            var token = text[(space + 1)..].Trim();
            return token.IsEmpty ? null : token.ToString();
        }

        // Browsers cannot set headers on WebSockets, so the token may come as a subprotocol.
        foreach (var line in request.Headers["Sec-WebSocket-Protocol"])
        {
            foreach (var protocol in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (!protocol.StartsWith(ProtocolPrefix, StringComparison.Ordinal))
                    continue;
                try
                {
                    return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(protocol.AsSpan(ProtocolPrefix.Length)));
                }
                catch (FormatException)
                {
                    malformed = true;
                    return null;
                }
            }
        }

        return null;
    }
}
