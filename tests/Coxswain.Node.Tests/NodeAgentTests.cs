using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Pods;
using Coxswain.Node.Tests.Volumes;
using Coxswain.Testing;
using ContainerState = Coxswain.Node.Runtime.ContainerState;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests;

/// <summary>The agent as a whole, with a runtime and a cluster in memory.</summary>
public sealed class NodeAgentTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-agent-").FullName;
    private readonly FakeApi _api = new(TimeProvider.System);
    private readonly FakeRuntime _runtime = new(TimeProvider.System);
    private readonly FakeVolumeHost _host = new();
    private readonly RecordedLog _log = new();
    private NodeAgent? _agent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _runtime.AddImage("docker.io/library/web:1");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
            await _agent.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_registers_reports_ready_renews_its_lease_and_tells_events()
    {
        await StartAsync();

        await Eventually.TrueAsync(() => _agent!.IsReady && _api.All<Lease>().Count == 1, () => _log.ToString());
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e is { Reason: "Starting", InvolvedObject.Kind: "Node" }), () => _log.ToString());
        Assert.Equal("node-1", _api.All<NodeObject>().Single().Metadata.Name);
    }

    [Fact]
    public async Task It_runs_pods_bound_to_it_and_no_others()
    {
        await StartAsync();
        await _api.CreateAsync(TestPods.Pod(), Cancellation);
        await _api.CreateAsync(TestPods.Pod("elsewhere").With(spec => spec with { NodeName = "node-2" }), Cancellation);

        await Eventually.TrueAsync(() => Phase("web") == "Running", () => _log.ToString());
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e is { Reason: "Started", InvolvedObject.FieldPath: "spec.containers{web}", Source.Component: "kubelet" }));

        Assert.Equal("", Phase("elsewhere"));
        Assert.Null(_agent!.Pods.Find("default", "elsewhere", null));
    }

    [Fact]
    public async Task A_container_that_dies_is_noticed_and_restarted()
    {
        await StartAsync();
        await _api.CreateAsync(TestPods.Pod(), Cancellation);
        await Eventually.TrueAsync(() => Phase("web") == "Running", () => _log.ToString());

        _runtime.Exit("web", 1);

        await Eventually.TrueAsync(() => _api.All<Pod>().Single().Status.ContainerStatuses[0].RestartCount == 1, () => _log.ToString());
    }

    [Fact]
    public async Task An_agent_that_was_killed_leaves_everything_to_the_next()
    {
        await StartAsync();
        var pod = await _api.CreateAsync(TestPods.Pod(), Cancellation);
        await Eventually.TrueAsync(() => Phase("web") == "Running", () => _log.ToString());
        await _agent!.DisposeAsync();
        var starts = Starts();
        await _runtime.RunPodSandboxAsync(Orphan(), "", Cancellation);

        await StartAsync();

        await Eventually.TrueAsync(() => _runtime.SandboxCount == 1, () => _log.ToString());
        await Eventually.TrueAsync(() => _agent!.Pods.Find("default", "web", pod.Metadata.Uid)?.FindContainer("web")?.Running == true);
        Assert.Equal(starts, Starts());
    }

    [Fact]
    public async Task Stopped_for_good_it_stops_all_pods_and_a_later_one_starts_them()
    {
        await StartAsync();
        await _api.CreateAsync(TestPods.Pod(), Cancellation);
        await Eventually.TrueAsync(() => Phase("web") == "Running", () => _log.ToString());

        await _agent!.StopAllPodsAsync(Cancellation);
        Assert.Equal(ContainerState.Exited, _runtime.Find("web").State);
        await _agent.DisposeAsync();
        await StartAsync();

        await Eventually.TrueAsync(() => _runtime.Find("web").State == ContainerState.Running, () => _log.ToString());
    }

    [Fact]
    public async Task An_api_server_that_is_not_there_yet_is_waited_for()
    {
        var failures = 3;
        _api.BeforeWrite = (_, _) =>
        {
            if (Interlocked.Decrement(ref failures) >= 0)
                throw new HttpRequestException("connection refused");
        };

        await StartAsync();

        Assert.Single(_api.All<NodeObject>());
    }

    private async Task StartAsync() => _agent = await NodeAgent.StartAsync(
        new()
        {
            NodeName = "node-1",
            RootDirectory = Path.Combine(_folder, "root"),
            PodLogsDirectory = Path.Combine(_folder, "logs"),
            NodeIPs = ["192.0.2.10"],
            CgroupDriver = CgroupDriver.Systemd,
            RelistPeriod = TimeSpan.FromMilliseconds(20),
            ResolvConf = "",
        },
        _api,
        _runtime,
        TimeProvider.System,
        _log,
        new() { VolumeHost = _host, Cgroups = new(true, false, []) },
        Cancellation);

    private string Phase(string name) => _api.All<Pod>().SingleOrDefault(pod => pod.Metadata.Name == name)?.Status.Phase ?? "gone";

    private int Starts() => _runtime.Calls.Count(call => call.StartsWith("start ", StringComparison.Ordinal));

    private static PodSandboxConfig Orphan() => new()
    {
        Metadata = new("orphan", "uid-orphan", "default", 0),
        Labels = new Dictionary<string, string> { [RuntimeLabels.PodUid] = "uid-orphan", [RuntimeLabels.PodName] = "orphan", [RuntimeLabels.PodNamespace] = "default" },
    };
}
