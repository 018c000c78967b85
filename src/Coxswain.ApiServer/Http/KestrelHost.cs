using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Http;

/// <summary>Kestrel on TLS without the rest of ASP.NET: no routing, no middleware, no scopes. Owns the listening socket.</summary>
internal sealed class KestrelHost : IAsyncDisposable
{
    private const int HeaderLimit = 1024 * 1024;

    private readonly WebApplication _application;
    private readonly IServer _server;

    private KestrelHost(WebApplication application, IServer server, Uri address)
    {
        _application = application;
        _server = server;
        Address = address;
    }

    /// <summary>Where it listens, with the real port.</summary>
    public Uri Address { get; }

    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<KestrelHost> StartAsync(
        ApiServerOptions options, X509Certificate2 certificate, IHttpApplication<HttpContext> door, ILoggerFactory logs, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options, certificate));
        var application = builder.Build();
        try
        {
            var server = application.Services.GetRequiredService<IServer>();
            await server.StartAsync(door, cancellation);
            var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return new(application, server, new(address));
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    private static void Configure(KestrelServerOptions kestrel, ApiServerOptions options, X509Certificate2 certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowResponseHeaderCompression = true;
        // Warnings quote what clients sent, in UTF-8: each byte of it is one character of the header's value.
        kestrel.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        limits.MaxRequestBodySize = null; // Bodies are measured where they are read: proxied ones may be endless.
        // Upstream's limit: selectors and commands in URLs may be long.
        limits.MaxRequestBufferSize = 2 * HeaderLimit;
        limits.MaxRequestHeadersTotalSize = HeaderLimit;
        limits.MaxRequestLineSize = HeaderLimit;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(32);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(90);
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.MaxRequestHeaderFieldSize = HeaderLimit;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);

        kestrel.Listen(AddressOf(options.BindAddress), options.SecurePort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                // Who it is, is decided by the authenticator: a certificate that does not hold is 401, not a broken handshake.
                ClientCertificateValidation = static (_, _, _) => true,
            });
        });
    }

    private static IPAddress AddressOf(string bind) => bind switch
    {
        "" or "0.0.0.0" => IPAddress.Any,
        "::" => IPAddress.IPv6Any,
        _ => IPAddress.Parse(bind),
    };

    public async ValueTask DisposeAsync()
    {
        // Those who are being answered get a moment; watches end when their streams are aborted.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(patience.Token);
        await _application.DisposeAsync();
    }
}
