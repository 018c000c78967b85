using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer.Webhooks;
using Coxswain.Client;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>Connections to the servers behind API services: found by their Service, known by their certificate, and shown ours.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class AggregationTransport(ServiceEndpoints endpoints, X509Certificate2? own, TimeProvider clock) : IDisposable
{
    private const int MostKept = 256;

    private readonly ConcurrentDictionary<ConnectionKey, HttpMessageInvoker> _invokers = new();
    private readonly ConcurrentDictionary<(ConnectionKey, UserInfo), HttpApiClient> _clients = new();

    private sealed record ConnectionKey(NamespacedName Service, int Port, string ServerName, ByteString CaBundle, bool TrustsAll);

    /// <summary>Where a path of a server is, by the name of its certificate.</summary>
    public static Uri Address(AggregatedService service, string pathAndQuery) => new($"https://{service.ServerName}:{service.Port}{pathAndQuery}");

    /// <summary>An endpoint of the service.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public ValueTask<(string Host, int Port)> ResolveAsync(AggregatedService service, CancellationToken cancellation) =>
        endpoints.FindAsync(service.Service, service.Port, cancellation);

    /// <exception cref="AggregationTrustException">The API service's authorities cannot be read.</exception>
    public HttpMessageInvoker InvokerFor(AggregatedService service)
    {
        var key = KeyOf(service);
        if (_invokers.TryGetValue(key, out var known))
            return known;

        // Registrations come and go: what is not used any more must not pile up.
        if (_invokers.Count >= MostKept)
            foreach (var old in _invokers.Keys)
                if (_invokers.TryRemove(old, out var unused))
                    unused.Dispose();
        return _invokers.GetOrAdd(key, _ => new(Handler(service)));
    }

    /// <summary>How a connection is secured.</summary>
    /// <exception cref="AggregationTrustException">The API service's authorities cannot be read.</exception>
    public SslClientAuthenticationOptions Tls(AggregatedService service)
    {
        var authorities = Authorities(service.Object.Spec.CaBundle);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = service.ServerName,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                service.Object.Spec.InsecureSkipTLSVerify || IsTrusted(certificate, errors, authorities),
        };
        if (own is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true);
        return options;
    }

    /// <summary>A client that asks a server on a user's behalf. It stays this object's.</summary>
    public IApiClient ClientFor(AggregatedService service, UserInfo user)
    {
        var key = (KeyOf(service), user);
        if (_clients.Count >= MostKept)
            _clients.Clear();
        return _clients.GetOrAdd(key, _ => new(
            new() { Server = Address(service, "/") }, clock, new RemoteUserHandler(user) { InnerHandler = Handler(service) }));
    }

    private static ConnectionKey KeyOf(AggregatedService service) =>
        new(service.Service, service.Port, service.ServerName, service.Object.Spec.CaBundle, service.Object.Spec.InsecureSkipTLSVerify);

    private SocketsHttpHandler Handler(AggregatedService service) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
        // Endpoints move; connections must follow them.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        RequestHeaderEncodingSelector = HeaderLines.For,
        ConnectCallback = async (_, cancellation) => await ConnectAsync(service, cancellation),
        SslOptions = Tls(service),
    };

    private async ValueTask<Stream> ConnectAsync(AggregatedService service, CancellationToken cancellation)
    {
        var (host, port) = await ResolveAsync(service, cancellation);
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
            : throw new AggregationTrustException("unable to load root certificates: unable to parse bytes as PEM block");
    }

    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection? authorities)
    {
        if (certificate is not X509Certificate2 peer || (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            return false;
        return authorities is null ? errors == SslPolicyErrors.None : WebhookTransport.SignedByOneOf(peer, authorities);
    }

    public void Dispose()
    {
        foreach (var invoker in _invokers.Values)
            invoker.Dispose();
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private sealed class RemoteUserHandler(UserInfo user) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Version = HttpVersion.Version11;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            foreach (var (name, value) in RemoteUser.Joined(user))
                request.Headers.TryAddWithoutValidation(name, value);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>It cannot be told whom an API service trusts.</summary>
internal sealed class AggregationTrustException(string message) : Exception(message);
