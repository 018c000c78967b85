using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coxswain.Api;

namespace Coxswain.ApiServer.Webhooks;

/// <summary>Calls webhooks over HTTPS. Connections are kept and shared by all webhooks of one address and one set of authorities.</summary>
/// <remarks>Safe for concurrent use. A service is reached through its ready endpoints, so that it works on machines without a service proxy.</remarks>
internal sealed class WebhookTransport(ServiceEndpoints services) : IDisposable
{
    private const int MaxAnswer = 16 * 1024 * 1024;
    private const int MaxClients = 256;

    private readonly ConcurrentDictionary<(string Authority, ByteString CaBundle), HttpMessageInvoker> _clients = new();

    /// <summary>Posts a document and gives the answer's body.</summary>
    /// <exception cref="WebhookCallException">There is no answer with a success code in time.</exception>
    public async Task<byte[]> PostAsync(WebhookTarget target, ReadOnlyMemory<byte> document, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(target.Address, UriKind.Absolute, out var address))
            throw new WebhookCallException($"could not get REST client: invalid URL {GoText.Quote(target.Address)}", isClient: true);
        var client = ClientFor(target, address);
        var uri = new UriBuilder(address) { Query = $"timeout={((long)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)}s" }.Uri;
        var named = $"Post {GoText.Quote($"{target.Address}{(address.AbsolutePath == "/" && !target.Address.EndsWith('/') ? "/" : "")}{uri.Query}")}";
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ReadOnlyMemoryContent(document) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            message.Headers.Accept.ParseAdd("application/json");
            message.Headers.TryAddWithoutValidation("User-Agent", "kube-apiserver-admission");
            using var answer = await client.SendAsync(message, deadline.Token);
            var body = await ReadAsync(answer, deadline.Token);
            return answer.IsSuccessStatusCode ? body : throw new WebhookCallException(Refusal(answer.StatusCode, body));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new WebhookCallException(named + ": context deadline exceeded");
        }
        catch (HttpRequestException e)
        {
            throw new WebhookCallException($"{named}: {Cause(e, address)}");
        }
        catch (IOException e)
        {
            throw new WebhookCallException($"{named}: {e.Message}");
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellation)) > 0)
        {
            if (buffer.Length + read > MaxAnswer)
                throw new WebhookCallException($"the response is larger than {MaxAnswer} bytes");
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    /// <summary>What upstream's client says of an answer that is no success.</summary>
    private static string Refusal(HttpStatusCode code, byte[] body)
    {
        var said = Encoding.UTF8.GetString(body).Trim();
        return code switch
        {
            HttpStatusCode.NotFound => "the server could not find the requested resource",
            HttpStatusCode.MethodNotAllowed => "the server does not allow this method on the requested resource",
            HttpStatusCode.BadRequest => $"the server rejected our request for an unknown reason{(said.Length > 0 ? $" ({said})" : "")}",
            HttpStatusCode.Unauthorized => "the server has asked for the client to provide credentials",
            HttpStatusCode.Forbidden => said.Length > 0 ? said : "forbidden",
            HttpStatusCode.ServiceUnavailable => "the server is currently unable to handle the request",
            HttpStatusCode.TooManyRequests => "the server has received too many requests and has asked us to try again later",
            >= HttpStatusCode.InternalServerError => $"an error on the server ({GoText.Quote(said.Length > 0 ? said : "unknown")}) has prevented the request from succeeding",
            _ => $"the server responded with the status code {(int)code} but did not return more information",
        };
    }

    private static string Cause(HttpRequestException error, Uri address)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case ApiException api:
                    return api.Status.Message;
                case WebhookTrustException trust:
                    return trust.Message;
                case AuthenticationException when e.InnerException is null:
                    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return $"dial tcp {address.Authority}: connect: connection refused";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return $"dial tcp: lookup {address.Host}: no such host";
            }
        }

        return error.Message;
    }

    /// <exception cref="WebhookCallException">The authorities cannot be read.</exception>
    private HttpMessageInvoker ClientFor(WebhookTarget target, Uri address)
    {
        var key = (address.Authority, target.CaBundle);
        if (_clients.TryGetValue(key, out var known))
            return known;

        // Configurations come and go: what is not used any more must not pile up. In-flight calls end with their own timeout.
        if (_clients.Count >= MaxClients)
            foreach (var old in _clients.Keys)
                if (_clients.TryRemove(old, out var unused))
                    unused.Dispose();
        var authorities = Authorities(target.CaBundle);
        return _clients.GetOrAdd(key, _ => new(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            ConnectCallback = (context, c) => ConnectAsync(target, context, c),
            SslOptions = new()
            {
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Trusts(certificate, errors, authorities, address.Host),
            },
        }));
    }

    private async ValueTask<Stream> ConnectAsync(WebhookTarget target, SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var (host, port) = target.IsService
            ? await services.FindAsync(target.Service, target.Port, cancellation)
            : (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509Certificate2Collection? Authorities(ByteString pem)
    {
        if (pem.Length == 0)
            return null;
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem.ToUtf8String());
        }
        catch (CryptographicException)
        {
            authorities.Clear();
        }

        return authorities.Count > 0
            ? authorities
            : throw new WebhookCallException("could not get REST client: unable to load root certificates: unable to parse bytes as PEM block", isClient: true);
    }

    /// <exception cref="WebhookTrustException">The peer is not whom we mean.</exception>
    private static bool Trusts(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection? authorities, string host)
    {
        if (certificate is not X509Certificate2 peer)
            throw new WebhookTrustException("tls: server did not present a certificate");
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            throw new WebhookTrustException($"tls: failed to verify certificate: x509: certificate is not valid for {host}");
        if (errors == SslPolicyErrors.None && authorities is null)
            return true;
        if (authorities is not null && SignedByOneOf(peer, authorities))
            return true;
        throw new WebhookTrustException("tls: failed to verify certificate: x509: certificate signed by unknown authority");
    }

    /// <remarks>Any certificate of the bundle ends the chain, also one that is itself signed by another: bundles often hold
    /// intermediate authorities only.</remarks>
    internal static bool SignedByOneOf(X509Certificate2 peer, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(peer))
            return false;
        foreach (var element in chain.ChainElements)
            foreach (var authority in authorities)
                if (element.Certificate.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span))
                    return true;
        return false;
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private sealed class WebhookTrustException(string message) : AuthenticationException(message);
}
