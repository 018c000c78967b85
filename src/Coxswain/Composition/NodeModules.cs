using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coxswain.Client;
using Coxswain.Dns;
using Coxswain.Lifecycle;
using Coxswain.Node;
using Coxswain.Node.Containerd;
using Coxswain.Node.Server;
using Coxswain.Proxy;
using Microsoft.Extensions.Logging;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Composition;

/// <summary>Everything of one instance that makes this machine a node, and the phases that start it.</summary>
internal sealed class NodeModules(ClusterOptions options, ControlPlane controlPlane, TimeProvider clock, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly Supervisor _supervisor = new(clock, loggers.CreateLogger("Coxswain.Supervisor"));
    private readonly NodeInstance _instance = InstanceOf(options);
    private readonly IPAddress _address = HostAddress.ForNode(options);
    private readonly CancellationTokenSource _containerdStop = new();
    private Task<NodeRuntime>? _starting;
    private NodeRuntime? _runtime;
    private NodeAgent? _agent;
    private KubeletServer? _kubelet;
    private X509Certificate2? _certificate;
    private InformerFactory? _informers;
    private DnsServer? _dns;

    public static NodeInstance InstanceOf(ClusterOptions options)
    {
        var instance = NodeInstance.ForDataDir(options.DataDirectory);
        return options.ClusterCidr is { } cidr ? instance with { PodCidr = cidr } : instance;
    }

    public static string ProxyTable(NodeInstance instance) => $"coxswain-{instance.Id}-services";

    private IPAddress DnsAddress
    {
        get
        {
            // The tenth address of the range, as with upstream's installers.
            var octets = IPNetwork.Parse(options.ServiceClusterIPRange).BaseAddress.GetAddressBytes();
            octets[^1] += 10;
            return new(octets);
        }
    }

    /// <summary>Looks for what is missing, before anything is changed on the machine.</summary>
    public static Task<string?> CheckAsync(CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new LifecycleException("running containers needs root: run as root or through sudo, or start with --no-node for the control plane alone");
        ContainerdBinaries.Find();
        return Task.FromResult<string?>(null);
    }

    /// <summary>Starts containerd beside the control plane, as neither needs the other.</summary>
    public void BeginContainerd() => _starting = NodeRuntime.StartAsync(
        _instance, _instance.PodCidr, clock, loggers.CreateLogger("Coxswain.Node.Containerd"), _containerdStop.Token);

    public IEnumerable<Phase> StartPhases() =>
    [
        new("containerd", WaitForContainerdAsync),
        new("node agent", StartAgentAsync),
        new("services, DNS", StartServicesAsync),
        new("node Ready", WaitForReadyAsync),
    ];

    /// <summary>Stops every pod in order; for a stop that is to last.</summary>
    public async Task StopPodsAsync(CancellationToken cancellation)
    {
        if (_agent is not null)
            await _agent.StopAllPodsAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Stops looking after the containers; they live on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _containerdStop.CancelAsync().ConfigureAwait(false);
        if (_kubelet is not null)
            await _kubelet.DisposeAsync().ConfigureAwait(false);
        if (_agent is not null)
            await _agent.DisposeAsync().ConfigureAwait(false);
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        if (_dns is not null)
            await _dns.DisposeAsync().ConfigureAwait(false);
        if (_informers is not null)
            await _informers.DisposeAsync().ConfigureAwait(false);
        if (_starting is not null)
        {
            // Also where another phase failed while containerd was still starting.
            await _starting.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
            if (_starting.IsCompletedSuccessfully)
                await (await _starting.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }

        _certificate?.Dispose();
        _containerdStop.Dispose();
    }

    private async Task<string?> WaitForContainerdAsync(CancellationToken cancellation)
    {
        _runtime = await _starting!.WaitAsync(cancellation).ConfigureAwait(false);
        _supervisor.Run("container runtime", _runtime.RunAsync);
        return _runtime.Origin == ContainerdOrigin.Adopted ? "found running" : "started";
    }

    private async Task<string?> StartAgentAsync(CancellationToken cancellation)
    {
        var api = controlPlane.ClientFor($"system:node:{options.NodeName}", "kubelet", "system:nodes");
        var port = options.KubeletPort is var wanted && wanted > 0 && HostAddress.IsFree(IPAddress.Any, wanted) ? wanted : HostAddress.FreePort(IPAddress.Any);
        _agent = await NodeAgent.StartAsync(
            new()
            {
                NodeName = options.NodeName,
                RootDirectory = Path.Combine(_instance.NodeDir, "kubelet"),
                PodLogsDirectory = Path.Combine(_instance.NodeDir, "pod-logs"),
                NodeIPs = [_address.ToString()],
                Port = port,
                ClusterDns = [DnsAddress.ToString()],
                ClusterDomain = options.ClusterDomain,
                PodCidr = _instance.PodCidr,
                CgroupDriver = _runtime!.Features.SystemdCgroup ? CgroupDriver.Systemd : CgroupDriver.Cgroupfs,
                CgroupRoot = _runtime.CgroupRoot,
            }, api, _runtime.Runtime, clock, loggers, cancellation).ConfigureAwait(false);

        _certificate = controlPlane.Pki.KubeletServer(options.NodeName, [_address, IPAddress.Loopback]);
        _kubelet = await KubeletServer.StartAsync(
            new()
            {
                NodeName = options.NodeName,
                Port = port,
                ServerCertificate = _certificate,
                ClientAuthorities = [controlPlane.Pki.Authority.Certificate],
            }, _agent.Pods, _runtime.Runtime, clock, loggers.CreateLogger("Coxswain.Node.Server"), cancellation).ConfigureAwait(false);
        return options.NodeName;
    }

    private async Task<string?> StartServicesAsync(CancellationToken cancellation)
    {
        // The proxy reads as itself; DNS shares its informers, since both look at the same objects.
        _informers = new(controlPlane.ClientFor("system:kube-proxy", "kube-proxy"), clock, loggers);
        var proxy = new ServiceProxy(
            new(options.NodeName, ProxyTable(_instance), _instance.PodCidr, options.ServiceClusterIPRange),
            _informers, new NftablesApplier(), clock, loggers.CreateLogger<ServiceProxy>());
        var dnsApi = controlPlane.ClientFor(Roles.DnsUser, "coxswain-dns");
        var dnsInformers = new InformerFactory(dnsApi, clock, loggers);
        _dns = DnsServer.Start(
            new()
            {
                ClusterDomain = options.ClusterDomain,
                Listen = new(_address, 0),
                Upstream = [.. ResolvConf.NameServers(await ReadIfThereAsync("/etc/resolv.conf", cancellation).ConfigureAwait(false)).Where(s => !s.Address.Equals(_address))],
                Clients = [IPNetwork.Parse(_instance.PodCidr), new IPNetwork(_address, 32)],
            }, dnsInformers, clock, loggers.CreateLogger<DnsServer>());
        await DnsService.EnsureAsync(dnsApi, DnsAddress, _dns.EndPoint, cancellation).ConfigureAwait(false);

        _supervisor.Run("service proxy", proxy.RunAsync);
        _supervisor.Run("DNS informers", async stop =>
        {
            await using (dnsInformers)
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
        });
        _informers.Start();
        dnsInformers.Start();
        await proxy.WaitForSyncAsync(cancellation).ConfigureAwait(false);
        return $"DNS at {DnsAddress}";
    }

    private static async Task<string> ReadIfThereAsync(string path, CancellationToken cancellation) =>
        File.Exists(path) ? await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false) : "";

    private async Task<string?> WaitForReadyAsync(CancellationToken cancellation)
    {
        var api = controlPlane.Admin;
        while (true)
        {
            var node = await api.FindAsync<NodeObject>(new("", options.NodeName), cancellation).ConfigureAwait(false);
            if (node?.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }) == true)
                return _address.ToString();
            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellation).ConfigureAwait(false);
        }
    }
}
