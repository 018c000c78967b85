using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Aggregation;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coxswain.ApiServer.Authentication;

/// <summary>Users that a proxy names in headers, where the proxy's client certificate proves that it may.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class RequestHeaderAuthenticator(X509Certificate2Collection authorities, ApiServerOptions options, TimeProvider clock)
{
    private static readonly object ConnectionKey = new();

    private readonly ClientCertificates _certificates = new(authorities, clock);

    /// <summary>Null: the request comes from no such proxy, or names nobody.</summary>
    public UserInfo? Authenticate(HttpContext context)
    {
        if (authorities.Count == 0 || context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate)
            return null;
        var headers = context.Request.Headers;
        if (First(headers, options.RequestHeaderUsernameHeaders) is not { } name || !IsProxy(context, certificate))
            return null;

        var user = new UserInfo
        {
            Username = name,
            Uid = First(headers, options.RequestHeaderUidHeaders) ?? "",
            Groups = [.. Groups(headers).Append(Users.AuthenticatedGroup).Distinct(StringComparer.Ordinal)],
            Extra = Extra(headers).ToApiMap(),
        };
        foreach (var used in headers.Keys.Where(IsOurs).ToList())
            headers.Remove(used);
        return user;
    }

    private bool IsOurs(string header) => RemoteUser.IsReserved(header)
        || options.RequestHeaderUsernameHeaders.Concat(options.RequestHeaderUidHeaders).Concat(options.RequestHeaderGroupHeaders).Contains(header, StringComparer.OrdinalIgnoreCase)
        || options.RequestHeaderExtraHeadersPrefix.Any(prefix => header.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private static string? First(IHeaderDictionary headers, IReadOnlyList<string> names)
    {
        foreach (var name in names)
            if (headers[name].FirstOrDefault() is { Length: > 0 } value)
                return value;
        return null;
    }

    private IEnumerable<string> Groups(IHeaderDictionary headers) =>
        options.RequestHeaderGroupHeaders.SelectMany(name => headers[name]).Where(group => group?.Length > 0).Select(group => group!);

    private Dictionary<string, ApiList<string>> Extra(IHeaderDictionary headers)
    {
        var extra = new Dictionary<string, ApiList<string>>(StringComparer.Ordinal);
        foreach (var (header, values) in headers)
            foreach (var prefix in options.RequestHeaderExtraHeadersPrefix)
                if (header.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && header.Length > prefix.Length)
                    extra[RemoteUser.Unescape(header[prefix.Length..])] = [.. values.Select(value => value ?? "")];
        return extra;
    }

    /// <summary>The handshake proved whose certificate it is; what it is good for holds for the connection.</summary>
    private bool IsProxy(HttpContext context, X509Certificate2 certificate)
    {
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null)
        {
            lock (items)
                if (items.TryGetValue(ConnectionKey, out var known) && known is Remembered remembered && clock.GetUtcNow() < remembered.Until)
                    return remembered.IsProxy;
        }

        var isProxy = _certificates.Authenticate(certificate) is { } holder
            && (options.RequestHeaderAllowedNames.Count == 0 || options.RequestHeaderAllowedNames.Contains(holder.Username));
        if (items is not null)
            lock (items)
                items[ConnectionKey] = new Remembered(isProxy, new DateTimeOffset(certificate.NotAfter));
        return isProxy;
    }

    private sealed record Remembered(bool IsProxy, DateTimeOffset Until);
}
