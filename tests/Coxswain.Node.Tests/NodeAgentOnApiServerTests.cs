using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Node.Tests.Pods;
using Coxswain.Node.Tests.Volumes;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests;

/// <summary>The agent against the real API server, as the user that a node is: what it may do, and what it writes is valid.</summary>
public sealed class NodeAgentOnApiServerTests : IAsyncLifetime
{
    private static readonly NamespacedName Web = new("default", "web");

    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-agent-").FullName;
    private readonly FakeRuntime _runtime = new(TimeProvider.System);
    private readonly FakeVolumeHost _host = new();
    private readonly RecordedLog _log = new();
    private TestCluster? _cluster;
    private NodeAgent? _agent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IApiClient Admin => _cluster!.Admin;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation);
        _runtime.AddImage("docker.io/library/web:1");
        // What the controllers make in a whole cluster.
        if (await Admin.FindAsync<ServiceAccount>(new("default", "default"), Cancellation) is null)
            await Admin.CreateAsync(new ServiceAccount { Metadata = new() { Name = "default", Namespace = "default" } }, Cancellation);
        await Admin.CreateAsync(new ConfigMap { Metadata = new() { Name = "kube-root-ca.crt", Namespace = "default" }, Data = ApiMap.Of("ca.crt", "certificate") }, Cancellation);
        _agent = await NodeAgent.StartAsync(
            new()
            {
                NodeName = "node-1",
                RootDirectory = Path.Combine(_folder, "root"),
                PodLogsDirectory = Path.Combine(_folder, "logs"),
                NodeIPs = ["192.0.2.10"],
                PodCidr = "10.244.0.0/24",
                CgroupDriver = CgroupDriver.Systemd,
                RelistPeriod = TimeSpan.FromMilliseconds(20),
                ResolvConf = "",
            },
            _cluster.Server.ClientFor(new() { Username = "system:node:node-1", Groups = ["system:nodes", "system:authenticated"] }, "kubelet"),
            _runtime,
            TimeProvider.System,
            _log,
            new() { VolumeHost = _host, Cgroups = new(true, false, []) },
            Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
            await _agent.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_node_registers_becomes_ready_and_renews_its_lease()
    {
        await Eventually.TrueAsync(
            async () => (await Admin.GetAsync<NodeObject>(new("", "node-1"), Cancellation)).Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }),
            () => _log.ToString());
        await Eventually.TrueAsync(
            async () => await Admin.FindAsync<Lease>(new("kube-node-lease", "node-1"), Cancellation) is { Spec.RenewTime: not null }, () => _log.ToString());
        await Eventually.TrueAsync(
            async () => (await Admin.ListAsync<Event>(ListQuery.All, Cancellation)).Items.Any(e => e.Reason == "Starting"), () => _log.ToString());
    }

    [Fact]
    public async Task A_pod_lives_from_creation_to_deletion()
    {
        await Admin.CreateAsync(new Secret { Metadata = new() { Name = "keys", Namespace = "default" }, Data = ApiMap.Of("key", ByteString.FromUtf8("s3cret")) }, Cancellation);
        await Admin.CreateAsync(new Pod
        {
            Metadata = new() { Name = "web", Namespace = "default" },
            Spec = new()
            {
                NodeName = "node-1",
                InitContainers = [new() { Name = "init", Image = "web:1" }],
                Containers =
                [
                    new()
                    {
                        Name = "web",
                        Image = "web:1",
                        Env = [new() { Name = "KEY", ValueFrom = new() { SecretKeyRef = new() { Name = "keys", Key = "key" } } }],
                        ReadinessProbe = new() { Exec = new() { Command = ["true"] }, PeriodSeconds = 1 },
                    },
                ],
            },
        }, Cancellation);
        await Eventually.TrueAsync(() => _runtime.Calls.Contains("start init"), () => _log.ToString());
        _runtime.Exit("init", 0);

        await Eventually.TrueAsync(
            async () => (await Admin.GetAsync<Pod>(Web, Cancellation)).Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }), () => _log.ToString());
        var pod = await Admin.GetAsync<Pod>(Web, Cancellation);
        Assert.Equal("Running", pod.Status.Phase);
        Assert.Contains(KeyValuePair.Create("KEY", "s3cret"), _runtime.ConfigOf("web").Envs);
        var account = _runtime.ConfigOf("web").Mounts.Single(mount => mount.ContainerPath == "/var/run/secrets/kubernetes.io/serviceaccount");
        Assert.Equal(3, (await File.ReadAllTextAsync(Path.Combine(account.HostPath, "token"), Cancellation)).Split('.').Length);
        Assert.Equal("default", await File.ReadAllTextAsync(Path.Combine(account.HostPath, "namespace"), Cancellation));

        _runtime.Exit("web", 1);
        await Eventually.TrueAsync(
            async () => (await Admin.GetAsync<Pod>(Web, Cancellation)).Status.ContainerStatuses[0] is { RestartCount: 1, Ready: true }, () => _log.ToString());

        await Admin.DeleteAsync<Pod>(Web, new() { GracePeriodSeconds = 3 }, Cancellation);
        await Eventually.TrueAsync(async () => await Admin.FindAsync<Pod>(Web, Cancellation) is null, () => _log.ToString());
        Assert.Contains("stop web 3", _runtime.Calls);
        await Eventually.TrueAsync(() => _runtime.SandboxCount == 0, () => _log.ToString());
        await Eventually.TrueAsync(
            async () => (await Admin.ListAsync<Event>(new() { Namespace = "default" }, Cancellation)).Items.Select(e => e.Reason).ToHashSet() is var reasons
                && new[] { "Pulled", "Created", "Started", "Killing" }.All(reasons.Contains),
            () => _log.ToString());
        Assert.Equal("", _log.ToString());
    }

    [Fact]
    public async Task A_pod_that_is_forced_away_is_stopped_all_the_same()
    {
        await Admin.CreateAsync(
            new Pod { Metadata = new() { Name = "web", Namespace = "default" }, Spec = new() { NodeName = "node-1", Containers = [new() { Name = "web", Image = "web:1" }] } },
            Cancellation);
        await Eventually.TrueAsync(async () => (await Admin.GetAsync<Pod>(Web, Cancellation)).Status.Phase == "Running", () => _log.ToString());

        await Admin.DeleteAsync<Pod>(Web, new() { GracePeriodSeconds = 0 }, Cancellation);

        await Eventually.TrueAsync(() => _runtime.SandboxCount == 0, () => _log.ToString());
        Assert.Null(await Admin.FindAsync<Pod>(Web, Cancellation));
    }
}
