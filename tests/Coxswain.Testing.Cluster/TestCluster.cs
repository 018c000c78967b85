using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer;
using Coxswain.ApiServer.Authentication;
using Coxswain.Client;
using Coxswain.Security;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Testing.Cluster;

/// <summary>A whole API server in this process: real TLS on a free port, everything in memory, its PKI in a folder that goes with it.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    public const string AdminToken = "admin-token";
    private readonly string _directory;
    private readonly PkiDirectory _pki;
    private readonly MemoryStore _store;

    private TestCluster(string directory, PkiDirectory pki, MemoryStore store, ApiServer.ApiServer server)
    {
        (_directory, _pki, _store, Server) = (directory, pki, store, server);
        Admin = Server.ClientFor(Users.Component("admin", Users.MastersGroup), "test");
    }

    public ApiServer.ApiServer Server { get; }

    public Uri Address => new($"https://127.0.0.1:{Server.Port}/");

    /// <summary>Where its state lies.</summary>
    public IStore Store => _store;

    /// <summary>May do everything.</summary>
    public IApiClient Admin { get; }

    /// <summary>The certificate authority of the cluster.</summary>
    public X509Certificate2 Authority => _pki.Authority.Certificate;

    /// <summary>A cluster that is ready.</summary>
    /// <param name="tokens">Lines of a token file beside the administrator's.</param>
    public static async Task<TestCluster> StartAsync(
        CancellationToken cancellation, ApiServerOptions? options = null, TimeProvider? clock = null, ILoggerFactory? logs = null,
        params IReadOnlyList<string> tokens)
    {
        var directory = Directory.CreateTempSubdirectory("coxswain-test-").FullName;
        var tokenFile = Path.Combine(directory, "tokens.csv");
        await File.WriteAllLinesAsync(tokenFile, [$"{AdminToken},admin,admin-uid,\"{Users.MastersGroup}\"", .. tokens], cancellation);
        options = (options ?? new()) with { BindAddress = "127.0.0.1", SecurePort = 0, TokenAuthFile = tokenFile };
        clock ??= TimeProvider.System;
        var pki = PkiDirectory.Open(Path.Combine(directory, "pki"), TimeProvider.System);
        var store = new MemoryStore();
        var server = await ApiServer.ApiServer.StartAsync(
            options, store, ApiServerPki.From(pki, options, [], []), clock, logs ?? NullLoggerFactory.Instance, cancellation);
        await server.Ready.WaitAsync(cancellation);
        return new(directory, pki, store, server);
    }

    public IApiClient ClientFor(UserInfo user) => Server.ClientFor(user, "test");

    /// <summary>An HTTP client that trusts the cluster. The caller disposes it.</summary>
    /// <param name="token">Null: anonymous.</param>
    public HttpClient Http(string? token = AdminToken, Version? version = null)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2 peer && IsOurs(peer);
        var client = new HttpClient(handler, disposeHandler: true)
        {
            BaseAddress = Address,
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    /// <summary>Whether a certificate is one of the cluster's.</summary>
    public bool IsOurs(X509Certificate2 peer)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(peer);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await _store.DisposeAsync();
        _pki.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
