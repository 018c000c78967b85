using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Probes;

/// <summary>GET requests as probes and hooks make them: any certificate will do, and a redirect to another host counts as an answer.</summary>
internal sealed class HttpProbe : IDisposable
{
    private const int MaxBody = 10 * 1024;
    private const int MaxRedirects = 10;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        // Each probe opens a connection of its own: one kept open would hide that nobody listens any more.
        PooledConnectionLifetime = TimeSpan.Zero,
        // A probe asks whether something answers, not who: containers commonly show certificates that nobody else trusts.
        // Nothing secret is sent.
#pragma warning disable CA5359
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    public static Uri AddressOf(HTTPGetAction action, ProbeTarget target)
    {
        var scheme = action.Scheme.Length == 0 ? "http" : action.Scheme.ToLowerInvariant();
        var host = action.Host.Length > 0 ? action.Host : target.PodIP;
        var port = NamedPort.Resolve(action.Port, target.Container);
        var path = action.Path.StartsWith('/') ? action.Path : "/" + action.Path;
        return Uri.TryCreate($"{scheme}://{Prober.HostPort(host, port)}{path}", UriKind.Absolute, out var address)
            ? address
            : throw new FormatException($"invalid URL: {scheme}://{Prober.HostPort(host, port)}{path}");
    }

    public async Task<ProbeAnswer> GetAsync(Uri address, ApiList<HTTPHeader> headers, CancellationToken cancellation)
    {
        var next = address;
        for (var hop = 0; hop <= MaxRedirects; hop++)
        {
            using var request = RequestFor(next, headers);
            HttpResponseMessage response;
            try
            {
                response = await _client.SendAsync(request, cancellation);
            }
            catch (HttpRequestException failed)
            {
                return new(ProbeOutcome.Failure, $"Get \"{next}\": {Reason(failed, next)}");
            }

            using (response)
            {
                var code = (int)response.StatusCode;
                if (code is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
                {
                    var target = new Uri(next, location);
                    if (target.Host != address.Host)
                        return new(ProbeOutcome.Success, $"Probe terminated redirects, Response body: {await BodyAsync(response, cancellation)}");
                    next = target;
                    continue;
                }

                return code is >= 200 and < 400
                    ? new(ProbeOutcome.Success, await BodyAsync(response, cancellation))
                    : new(ProbeOutcome.Failure, $"HTTP probe failed with statuscode: {code}");
            }
        }

        return new(ProbeOutcome.Failure, $"Get \"{next}\": stopped after {MaxRedirects} redirects");
    }

    public void Dispose() => _client.Dispose();

    private static HttpRequestMessage RequestFor(Uri address, ApiList<HTTPHeader> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address) { Version = HttpVersion.Version11 };
        foreach (var header in headers)
        {
            if (string.Equals(header.Name, "Host", StringComparison.OrdinalIgnoreCase))
                request.Headers.Host = header.Value;
            else
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        if (!request.Headers.Contains("User-Agent"))
            request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        if (!request.Headers.Contains("Accept"))
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
        request.Headers.ConnectionClose = true;
        return request;
    }

    private static string Reason(HttpRequestException failed, Uri address) => failed.InnerException switch
    {
        SocketException socket => $"dial tcp {Prober.HostPort(address.Host, address.Port)}: connect: {socket.Message.ToLowerInvariant()}",
        { } inner => inner.Message,
        null => failed.Message,
    };

    private static async Task<string> BodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[MaxBody];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
