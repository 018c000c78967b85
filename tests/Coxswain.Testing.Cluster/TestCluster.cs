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
    private readonly IStore _store;
    private readonly ApiServerOptions _options;
    private readonly TimeProvider _clock;
    private readonly bool _owns;

    private TestCluster(string directory, PkiDirectory pki, IStore store, ApiServer.ApiServer server, ApiServerOptions options, TimeProvider clock, bool owns)
    {
        (_directory, _pki, _store, Server, _options, _clock, _owns) = (directory, pki, store, server, options, clock, owns);
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

    /// <summary>Its certificates and keys.</summary>
    public PkiDirectory Pki => _pki;

    /// <summary>A cluster that is ready.</summary>
    /// <param name="tokens">Lines of a token file beside the administrator's.</param>
    public static Task<TestCluster> StartAsync(
        CancellationToken cancellation, ApiServerOptions? options = null, TimeProvider? clock = null, ILoggerFactory? logs = null,
        params IReadOnlyList<string> tokens) => StartOnAsync(new MemoryStore(), cancellation, options, clock, logs, tokens: tokens);

    /// <summary>A cluster on a store, which it owns from now on.</summary>
    /// <param name="waits">Until it is ready.</param>
    public static async Task<TestCluster> StartOnAsync(
        IStore store, CancellationToken cancellation, ApiServerOptions? options = null, TimeProvider? clock = null, ILoggerFactory? logs = null,
        bool waits = true, ApiServerAdditions? additions = null, params IReadOnlyList<string> tokens)
    {
        var directory = Directory.CreateTempSubdirectory("coxswain-test-").FullName;
        var tokenFile = Path.Combine(directory, "tokens.csv");
        await File.WriteAllLinesAsync(tokenFile, [$"{AdminToken},admin,admin-uid,\"{Users.MastersGroup}\"", .. tokens], cancellation);
        options = (options ?? new()) with { BindAddress = "127.0.0.1", SecurePort = 0, TokenAuthFile = tokenFile };
        clock ??= TimeProvider.System;
        var pki = PkiDirectory.Open(Path.Combine(directory, "pki"), TimeProvider.System);
        var server = await ApiServer.ApiServer.StartAsync(
            options, store, ApiServerPki.From(pki, options, [], []), clock, logs ?? NullLoggerFactory.Instance, cancellation, additions);
        if (waits)
            await server.Ready.WaitAsync(cancellation);
        return new(directory, pki, store, server, options, clock, owns: true);
    }

    /// <summary>Another server of the same cluster: the same keys and tokens, the same data. The first one must outlive it.</summary>
    /// <param name="store">How it reaches the data, if not as the first one; stays the caller's.</param>
    public async Task<TestCluster> JoinAsync(
        CancellationToken cancellation, Func<ApiServerOptions, ApiServerOptions>? change = null, IStore? store = null, TimeProvider? clock = null, ILoggerFactory? logs = null)
    {
        var options = change is null ? _options : change(_options);
        var server = await ApiServer.ApiServer.StartAsync(
            options, store ?? _store, ApiServerPki.From(_pki, options, [], []), clock ?? _clock, logs ?? NullLoggerFactory.Instance, cancellation);
        await server.Ready.WaitAsync(cancellation);
        return new(_directory, _pki, store ?? _store, server, options, clock ?? _clock, owns: false);
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
        if (!_owns)
            return;
        await _store.DisposeAsync();
        _pki.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
