using System.Text;
using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Tests.Containerd;
using Coxswain.Node.Tests.Pods;
using Coxswain.Testing;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests;

/// <summary>The whole agent on a real containerd, with a cluster in memory.</summary>
public sealed class NodeAgentContainerdTests(ContainerdFixture containerd) : IAsyncLifetime
{
    private readonly FakeApi _api = new(TimeProvider.System);
    private readonly RecordedLog _log = new();
    private string _folder = "";
    private NodeAgent? _agent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await containerd.RequireAsync(Cancellation);
        _folder = Path.Combine(containerd.Instance.DataDir, "agent-" + Guid.NewGuid().ToString("N")[..8]);
        _api.Subresource = (_, subresource, body) => subresource == "token" && body is TokenRequest request
            ? request with { Status = new() { Token = "token-of-" + request.Spec.BoundObjectRef!.Name, ExpirationTimestamp = DateTimeOffset.UtcNow.AddHours(1) } }
            : null;
        _agent = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is null)
            return;
        foreach (var pod in _api.All<Pod>())
            await _api.DeleteAsync<Pod>(new(pod.Metadata.Namespace, pod.Metadata.Name), new() { GracePeriodSeconds = 1 }, CancellationToken.None);
        await Eventually.TrueAsync(() => _api.All<Pod>().Count == 0, () => Describe(new("default", "everything")));
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task The_node_becomes_ready_with_a_lease()
    {
        await Eventually.TrueAsync(() => _agent!.IsReady);

        var node = _api.All<NodeObject>().Single();
        Assert.Equal("True", node.Status.Conditions.Single(c => c.Type == "Ready").Status);
        Assert.StartsWith("containerd://", node.Status.NodeInfo.ContainerRuntimeVersion, StringComparison.Ordinal);
        Assert.True(node.Status.Capacity["memory"].Value > 0);
        await Eventually.TrueAsync(() => _api.All<Lease>("kube-node-lease").Count == 1);
    }

    [Fact]
    public async Task A_pod_with_everything_runs_survives_the_agent_and_goes_without_a_trace()
    {
        await _api.CreateAsync(new ConfigMap { Metadata = new() { Name = "settings", Namespace = "default" }, Data = ApiMap.Of("mode", "fast") }, Cancellation);
        await _api.CreateAsync(
            new Secret { Metadata = new() { Name = "keys", Namespace = "default" }, Data = ApiMap.Of("key", ByteString.FromUtf8("s3cret")) }, Cancellation);
        var pod = await _api.CreateAsync(Everything(), Cancellation);
        var name = new NamespacedName("default", "everything");

        // It runs, is ready, and its containers see what they should.
        await Eventually.TrueAsync(() => IsReady(name), () => Describe(name));
        Assert.Equal(
            "fast|s3cret|token-of-everything|prepared|everything|1000|fast",
            await ShellAsync(name, "echo -n \"$MODE|$(cat /keys/key)|$(cat /token/token)|$(cat /shared/file)|$POD_NAME|$(id -u)|$(cat /one/mode)\""));
        var ip = _api.All<Pod>().Single().Status.PodIP;
        Assert.Contains($"{ip}\teverything.sub.default.svc.cluster.local\teverything", await ShellAsync(name, "cat /etc/hosts"), StringComparison.Ordinal);
        Assert.Contains("nameserver 10.96.0.10", await ShellAsync(name, "cat /etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Equal("2000", (await ShellAsync(name, "id -G")).Split(' ')[^1].Trim());
        var log = _agent!.Pods.Find("default", "everything", null)!.FindContainer("web")!;
        Assert.Contains("hello", await File.ReadAllTextAsync(log.LogPath, Cancellation), StringComparison.Ordinal);

        // A changed ConfigMap reaches the volume, in one step.
        _api.Change<ConfigMap>(new("default", "settings"), map => map with { Data = ApiMap.Of("mode", "slow") });
        await Eventually.TrueAsync(async () => await ShellAsync(name, "cat /settings/mode") == "slow");

        // Without the agent it runs on, and the next agent adopts it. (A machine with too much to do may have let the first start fail:
        // that is the runtime's affair, and the count of it is not this test's.)
        var restarts = _api.All<Pod>().Single().Status.ContainerStatuses[0].RestartCount;
        if (restarts > 0)
            TestContext.Current.TestOutputHelper?.WriteLine(Describe(name));
        await _agent.DisposeAsync();
        var running = await containerd.Runtime.ContainerStatusAsync(log.Id, Cancellation);
        Assert.Equal(Coxswain.Node.Runtime.ContainerState.Running, running.State);
        _agent = await StartAsync();
        await Eventually.TrueAsync(() => _agent.Pods.Find("default", "everything", null)?.FindContainer("web")?.Running == true);
        Assert.Equal(log.Id, _agent.Pods.Find("default", "everything", null)!.FindContainer("web")!.Id);
        Assert.Equal(restarts, _api.All<Pod>().Single().Status.ContainerStatuses[0].RestartCount);

        // A killed container is started again, and its last words are kept.
        await ShellAsync(name, "echo -n farewell > /dev/termination-log; kill -9 $(cat /shared/pid)");
        await Eventually.TrueAsync(() => _api.All<Pod>().Single().Status.ContainerStatuses[0] is { State.Running: not null } status && status.RestartCount == restarts + 1, () => Describe(name));
        var last = _api.All<Pod>().Single().Status.ContainerStatuses[0].LastState.Terminated!;
        Assert.Equal(137, last.ExitCode);
        Assert.Equal("farewell", last.Message);

        // Deleted, it leaves neither containers nor mounts nor files nor cgroups.
        await _api.DeleteAsync<Pod>(name, new() { GracePeriodSeconds = 5 }, Cancellation);
        await Eventually.TrueAsync(() => _api.All<Pod>().Count == 0, () => Describe(name));
        await Eventually.TrueAsync(async () => (await containerd.Runtime.ListPodSandboxesAsync(
            new() { LabelSelector = new Dictionary<string, string> { ["io.kubernetes.pod.uid"] = pod.Metadata.Uid } }, Cancellation)).Count == 0);
        Assert.False(Directory.Exists(Path.Combine(_folder, "root", "pods", pod.Metadata.Uid)));
        Assert.DoesNotContain(pod.Metadata.Uid, await File.ReadAllTextAsync("/proc/self/mountinfo", Cancellation), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories("/sys/fs/cgroup", "pod" + pod.Metadata.Uid, new EnumerationOptions
        {
            RecurseSubdirectories = true, MaxRecursionDepth = 6, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
        }));
    }

    [Fact]
    public async Task Stopping_all_pods_stops_their_containers_and_keeps_their_objects()
    {
        var pod = TestPods.Pod("plain", Busybox("web", "trap 'exit 0' TERM; while true; do sleep 0.1; done")) with
        {
            Metadata = new() { Name = "plain", Namespace = "default" },
        };
        var stored = await _api.CreateAsync(pod, Cancellation);
        var name = new NamespacedName("default", "plain");
        await Eventually.TrueAsync(() => IsReady(name), () => Describe(name));

        await _agent!.StopAllPodsAsync(Cancellation);

        Assert.All(
            await containerd.Runtime.ListContainersAsync(
                new() { LabelSelector = new Dictionary<string, string> { ["io.kubernetes.pod.uid"] = stored.Metadata.Uid } }, Cancellation),
            container => Assert.Equal(Coxswain.Node.Runtime.ContainerState.Exited, container.State));
        Assert.Single(_api.All<Pod>());
        await _agent.DisposeAsync();
        _agent = await StartAsync();
        await Eventually.TrueAsync(
            () => _api.All<Pod>().Single().Status.ContainerStatuses[0] is { RestartCount: 1, State.Running: not null }, () => Describe(name));
    }

    private Task<NodeAgent> StartAsync() => NodeAgent.StartAsync(
        new()
        {
            NodeName = "node-1",
            RootDirectory = Path.Combine(_folder, "root"),
            PodLogsDirectory = Path.Combine(_folder, "logs"),
            NodeIPs = ["192.0.2.10"],
            ClusterDns = ["10.96.0.10"],
            CgroupRoot = containerd.Instance.CgroupParent,
            CgroupDriver = containerd.Features.SystemdCgroup ? CgroupDriver.Systemd : CgroupDriver.Cgroupfs,
            SyncFrequency = TimeSpan.FromSeconds(1),
            RelistPeriod = TimeSpan.FromMilliseconds(100),
        },
        _api,
        containerd.Runtime,
        TimeProvider.System,
        _log,
        Cancellation);

    private static Container Busybox(string name, string script) => TestPods.Container(name, c => c with
    {
        Image = ContainerdFixture.Busybox,
        Command = ["/bin/sh", "-c", script],
    });

    private static Pod Everything()
    {
        var web = Busybox("web", "echo hello; echo ok > /tmp/index.html; httpd -f -p 8080 -h /tmp & echo $! > /shared/pid; wait $!") with
        {
            Env =
            [
                new() { Name = "MODE", ValueFrom = new() { ConfigMapKeyRef = new() { Name = "settings", Key = "mode" } } },
                new() { Name = "POD_NAME", ValueFrom = new() { FieldRef = new() { FieldPath = "metadata.name" } } },
            ],
            Ports = [new() { Name = "http", ContainerPortValue = 8080 }],
            Resources = new() { Limits = TestPods.Quantities(("cpu", "500m"), ("memory", "64Mi")) },
            ReadinessProbe = new() { HttpGet = new() { Path = "/index.html", Port = "http" }, PeriodSeconds = 1, TimeoutSeconds = 1 },
            LivenessProbe = new() { Exec = new() { Command = ["/bin/cat", "/tmp/index.html"] }, PeriodSeconds = 1, InitialDelaySeconds = 5 },
            SecurityContext = new() { RunAsUser = 1000, AllowPrivilegeEscalation = false },
            VolumeMounts =
            [
                new() { Name = "settings", MountPath = "/settings" },
                new() { Name = "settings", MountPath = "/one/mode", SubPath = "mode" },
                new() { Name = "keys", MountPath = "/keys", ReadOnly = true },
                new() { Name = "token", MountPath = "/token", ReadOnly = true },
                new() { Name = "shared", MountPath = "/shared" },
                new() { Name = "tmp", MountPath = "/tmp" },
            ],
        };
        return TestPods.Pod("everything", web).With(spec => spec with
        {
            Hostname = "everything",
            Subdomain = "sub",
            SecurityContext = new() { FsGroup = 2000 },
            InitContainers =
            [
                Busybox("prepare", "echo -n prepared > /shared/file") with { VolumeMounts = [new() { Name = "shared", MountPath = "/shared" }] },
            ],
            Volumes =
            [
                new() { Name = "settings", ConfigMap = new() { Name = "settings" } },
                new() { Name = "keys", Secret = new() { SecretName = "keys", DefaultMode = 0x120 /* 0440 */ } },
                new()
                {
                    Name = "token",
                    Projected = new() { Sources = [new() { ServiceAccountToken = new() { Path = "token", ExpirationSeconds = 3600 } }] },
                },
                new() { Name = "shared", EmptyDir = new() },
                new() { Name = "tmp", EmptyDir = new() { Medium = "Memory", SizeLimit = Quantity.Parse("16Mi") } },
            ],
        }) with
        { Metadata = new() { Name = "everything", Namespace = "default", Generation = 1 } };
    }

    private bool IsReady(NamespacedName name) => _api.All<Pod>().FirstOrDefault(p => p.Metadata.Name == name.Name) is { } pod
        && pod.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" });

    private string Describe(NamespacedName name)
    {
        var pod = _api.All<Pod>().FirstOrDefault(p => p.Metadata.Name == name.Name);
        var events = string.Join('\n', _api.All<Event>().Select(e => $"{e.Reason}: {e.Message}"));
        return $"{pod?.Status}\n{string.Join('\n', pod?.Status.ContainerStatuses.Select(c => c.State.ToString()) ?? [])}\n{events}\n{_log}";
    }

    private async Task<string> ShellAsync(NamespacedName name, string script)
    {
        var id = _agent!.Pods.Find(name.Namespace, name.Name, null)!.FindContainer("web")!.Id;
        var result = await containerd.Runtime.ExecSyncAsync(id, ["/bin/sh", "-c", script], TimeSpan.FromSeconds(10), Cancellation);
        return Encoding.UTF8.GetString(result.Stdout.Span) + Encoding.UTF8.GetString(result.Stderr.Span);
    }
}
