using System.Net;
using System.Net.Sockets;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.ApiServer;
using Coxswain.Client;
using Coxswain.Controllers;
using Coxswain.Lifecycle;
using Coxswain.Security;
using Coxswain.Simulation;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Certificates, store, API server, controllers and scheduler of one instance, and the phases that start them.</summary>
internal sealed class ControlPlane(ClusterOptions options, IProgress<PhaseReport> progress, TimeProvider clock, ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>A third of the time that a Lease lasts: each renewal is a write.</summary>
    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(5);

    private readonly Supervisor _supervisor = new(clock, loggers.CreateLogger("Coxswain.Supervisor"));
    private readonly List<ServiceAccountKey> _keys = [];
    private PkiDirectory? _pki;
    private ApiServerPki? _apiServerPki;
    private Datastore? _store;
    private ApiServer.ApiServer? _server;

    public PkiDirectory Pki => _pki ?? throw new InvalidOperationException("the certificates are not open yet");

    /// <summary>Where clients on this machine reach the API server.</summary>
    public Uri Address { get; private set; } = new("https://127.0.0.1");

    public int Port => _server!.Port;

    /// <summary>Where the state is.</summary>
    public Datastore Store => _store!;

    /// <summary>Certificates to serving: what must be there before anything else can start.</summary>
    public IEnumerable<Phase> StartPhases(IReadOnlyList<IPAddress> hostAddresses)
    {
        var apiOptions = ApiServerSetup.OptionsOf(options);
        yield return new("certificates", _ => Task.FromResult(OpenPki(apiOptions, hostAddresses)));
        yield return new("store", OpenStoreAsync);
        yield return new("API server", async cancellation =>
        {
            try
            {
                _server = await ApiServer.ApiServer.StartAsync(
                    apiOptions, _store!.Store, _apiServerPki!, clock, loggers, cancellation, new() { Paths = AdminPaths.All(options, _store, InstanceHost.Version, clock), Inspect = _store.InspectAsync, InspectInterval = options.Store.MetricPollInterval }).ConfigureAwait(false);
            }
            catch (IOException e) when (e.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
            {
                throw new LifecycleException($"port {options.SecurePort} is in use; choose another with --secure-port, or end what uses it", e);
            }
            catch (SocketException e)
            {
                throw new LifecycleException($"cannot listen on {options.BindAddress}:{options.SecurePort}: {e.Message}; see --bind-address and --secure-port", e);
            }

            Address = new($"https://{LocalAddress()}:{_server.Port}");
            using var admin = Pki.Admin();
            Pki.WriteKubeConfig(options.Directory.AdminKubeConfig, Address, "kubernetes-admin", admin);
            await _server.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            return Address.ToString().TrimEnd('/');
        });
        yield return new("controllers, scheduler", StartLoopsAsync);
    }

    /// <summary>A client in this process that acts as a user.</summary>
    public IApiClient ClientFor(string user, string agent, params string[] groups) =>
        _server!.ClientFor(new UserInfo { Username = user, Groups = groups.Append("system:authenticated").ToApiList() }, agent);

    /// <summary>The client that may do everything: for what an administrator would do when setting up a cluster.</summary>
    public IApiClient Admin => ClientFor("system:apiserver", "coxswain", "system:masters");

    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        if (_server is not null)
            await _server.DisposeAsync().ConfigureAwait(false);
        if (_store is not null)
            await _store.DisposeAsync().ConfigureAwait(false);
        _keys.ForEach(k => k.Dispose());
        _pki?.Dispose();
    }

    private string LocalAddress() =>
        options.BindAddress.Equals(IPAddress.Any) || options.BindAddress.Equals(IPAddress.IPv6Any) ? "127.0.0.1"
        : options.BindAddress.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{options.BindAddress}]"
        : options.BindAddress.ToString();

    private string? OpenPki(ApiServerOptions apiOptions, IReadOnlyList<IPAddress> hostAddresses)
    {
        var fresh = !File.Exists(Path.Combine(options.Directory.Pki, "ca.crt"));
        try
        {
            _pki = PkiDirectory.Open(options.Directory.Pki, clock);
        }
        catch (PkiException e)
        {
            throw new LifecycleException(e.Message, e);
        }

        var addresses = hostAddresses.Append(options.BindAddress).Where(a => !a.Equals(IPAddress.Any) && !a.Equals(IPAddress.IPv6Any));
        if (IPAddress.TryParse(apiOptions.AdvertiseAddress, out var advertised))
            addresses = addresses.Append(advertised);
        var checking = ApiServerSetup.KeysOf(options.ApiServer, out var signing);
        _keys.AddRange([.. checking, .. signing is null ? Array.Empty<ServiceAccountKey>() : [signing]]);
        _apiServerPki = ApiServerPki.From(_pki, apiOptions, [System.Net.Dns.GetHostName(), $"kubernetes.default.svc.{options.ClusterDomain}"], addresses) with
        {
            ServiceAccountCheckingKeys = checking,
            RequestHeaderAuthorities = ApiServerSetup.RequestHeaderAuthoritiesOf(options.ApiServer),
        };
        if (ApiServerSetup.ProxyClientOf(options.ApiServer) is { } proxyClient)
            _apiServerPki = _apiServerPki with { ProxyClient = proxyClient };
        if (signing is not null)
            _apiServerPki = _apiServerPki with { ServiceAccountKey = signing };
        return fresh ? "made" : null;
    }

    private async Task<string?> OpenStoreAsync(CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        _store = await Datastore.OpenAsync(options, Waits, clock, loggers, cancellation).ConfigureAwait(false);
        return _store.Place;

        void Waits(string what) => progress.Report(new("store", clock.GetElapsedTime(started), what, Error: null) { Waits = true });
    }

    private async Task<string?> StartLoopsAsync(CancellationToken cancellation)
    {
        await Roles.EnsureAsync(
            Admin, [.. ControllerRoles.Roles, Roles.Dns, Roles.Simulation], [.. ControllerRoles.Bindings, Roles.DnsBinding, Roles.SimulationBinding], cancellation).ConfigureAwait(false);

        var manager = new ControllerManager(
            user => ClientFor(user, user.StartsWith("system:serviceaccount:", StringComparison.Ordinal) ? user[(user.LastIndexOf(':') + 1)..] : "kube-controller-manager", GroupsOf(user)),
            new()
            {
                Controllers = options.Controllers,
                RootCaPem = Pki.Authority.CertificatePem,
                Signer = new(Pki.Authority.CertificatePem, Pki.Authority.KeyPem),
                // One node has one range, which its instance chooses; nothing is left to hand out.
                ClusterCidr = "",
            }, clock, loggers);
        _supervisor.Run("controllers", Elected("kube-controller-manager", manager.RunAsync));
        if (options.Backup.Directory.Length > 0)
            _supervisor.Run("backups", stop => new ScheduledBackups(options, this, clock, loggers.CreateLogger<ScheduledBackups>()).RunAsync(stop));
        if (options.RunScheduler)
            _supervisor.Run("scheduler", Elected("kube-scheduler", RunSchedulerAsync));
        if (options.SimulatedNodes > 0)
        {
            var simulation = new SimulatedNodes(
                new() { Nodes = options.SimulatedNodes, PodStartDelay = options.SimulatedPodDelay }, ClientFor(Roles.SimulationUser, "simulation"), clock, loggers);
            _supervisor.Run("simulated nodes", simulation.RunAsync);
        }

        return null;
    }

    /// <summary>A loop that runs while this server leads.</summary>
    private Func<CancellationToken, Task> Elected(string component, Func<CancellationToken, Task> loop)
    {
        if (!options.LeaderElect)
            return loop;
        var election = new LeaderElection(
            ClientFor("system:" + component, component),
            new() { Lease = new("kube-system", component), Identity = InstanceIdentity.Of(options.Directory), RenewInterval = RenewInterval },
            clock, loggers.CreateLogger("Coxswain.LeaderElection"));
        return cancellation => election.RunAsync(loop, cancellation);
    }

    private static string[] GroupsOf(string user) => user.StartsWith("system:serviceaccount:", StringComparison.Ordinal)
        ? ["system:serviceaccounts", $"system:serviceaccounts:{user.Split(':')[2]}"]
        : [];

    private async Task RunSchedulerAsync(CancellationToken cancellation)
    {
        var api = ClientFor("system:kube-scheduler", "kube-scheduler");
        await using var informers = new InformerFactory(api, clock, loggers);
        using var scheduler = new Scheduler.Scheduler(api, informers, ApiServerSetup.SchedulerOf(options), clock, loggers);
        informers.Start();
        await scheduler.RunAsync(cancellation).ConfigureAwait(false);
    }
}
