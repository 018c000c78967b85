using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Scheduling.V1;
using Coxswain.Client;
using Coxswain.Scheduler.Configuration;
using Coxswain.Simulation;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Scheduler.Tests;

/// <summary>The scheduling entries of upstream's conformance list, over a whole API server with simulated nodes; the scheduler has its own
/// identity and upstream's role.</summary>
public sealed class ConformanceTests : IAsyncLifetime
{
    private const string Ns = "shop";
    private readonly CancellationTokenSource _stop = new();
    private TestCluster _cluster = null!;
    private InformerFactory _informers = null!;
    private Scheduler _scheduler = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IApiClient Api => _cluster.Admin;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(Cancellation);
        await Api.CreateAsync(new Namespace { Metadata = new() { Name = Ns } }, Cancellation);
        await Api.CreateAsync(new ServiceAccount { Metadata = new() { Name = "default", Namespace = Ns } }, Cancellation);
        var own = _cluster.ClientFor(new UserInfo { Username = "system:kube-scheduler", Groups = ["system:authenticated"] });
        _informers = new(own, TimeProvider.System);
        _scheduler = new(own, _informers, SchedulerConfiguration.Default, TimeProvider.System, NullLoggerFactory.Instance);
        _informers.Start();
        var options = new SimulationOptions { Nodes = 2, PodStartDelay = TimeSpan.Zero, Capacity = ApiMap.Of("cpu", Quantity.Parse("1")).With("memory", Quantity.Parse("1Gi")).With("pods", Quantity.Parse("20")) };
        _running = Task.WhenAll(_scheduler.RunAsync(_stop.Token), new SimulatedNodes(options, Api, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(_stop.Token));
        // Nobody here but the node controller takes away what keeps pods off new nodes.
        await Eventually.TrueAsync(async () => (await Api.ListAsync<Node>(ListQuery.All, Cancellation)).Items.Count == 2, () => "no nodes", Cancellation);
        foreach (var node in (await Api.ListAsync<Node>(ListQuery.All, Cancellation)).Items)
            await Api.UpdateAsync(node with { Spec = node.Spec with { Taints = default } }, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        await _informers.DisposeAsync();
        _scheduler.Dispose();
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private Task<Pod> PodAsync(string name, string cpu = "100m", Func<PodSpec, PodSpec>? change = null)
    {
        var spec = new PodSpec { Containers = [new() { Name = "c", Image = "i", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse(cpu)), Limits = ApiMap.Of("cpu", Quantity.Parse(cpu)) } }] };
        return Api.CreateAsync(new Pod { Metadata = new() { Namespace = Ns, Name = name }, Spec = change?.Invoke(spec) ?? spec }, Cancellation);
    }

    private Task<Pod> GetAsync(string name) => Api.GetAsync<Pod>(new(Ns, name), Cancellation);

    private Task RunsAsync(string name, string? node = null) => Eventually.TrueAsync(
        async () => await GetAsync(name) is { Status.Phase: "Running" } pod && (node is null || pod.Spec.NodeName == node), () => $"{name} does not run", Cancellation);

    private Task WaitsAsync(string name, string why) => Eventually.TrueAsync(
        async () => (await GetAsync(name)).Status.Conditions.Any(c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" } && c.Message.Contains(why, StringComparison.Ordinal)),
        () => $"{name} does not say {why}", Cancellation);

    [Fact]
    public async Task Resource_limits_of_pods_that_run_are_respected()
    {
        await PodAsync("fills-1", "800m");
        await PodAsync("fills-2", "800m");
        await RunsAsync("fills-1");
        await RunsAsync("fills-2");
        await PodAsync("additional", "500m");
        await WaitsAsync("additional", "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.");
        await Eventually.TrueAsync(
            async () => (await Api.ListAsync<Event>(new() { Namespace = Ns }, Cancellation)).Items.Any(e => e is { Reason: "FailedScheduling", InvolvedObject.Name: "additional" }), () => "no event", Cancellation);
        await Api.DeleteAsync<Pod>(new(Ns, "fills-1"), null, Cancellation);
        await RunsAsync("additional");
    }

    [Fact]
    public async Task A_node_selector_is_respected_whether_it_matches_or_not()
    {
        await PodAsync("matches-nothing", change: s => s with { NodeSelector = ApiMap.Of("label", "nonempty") });
        await WaitsAsync("matches-nothing", "2 node(s) didn't match Pod's node affinity/selector");
        var node = await Api.GetAsync<Node>(new("", "simulated-00001"), Cancellation);
        await Api.PatchAsync<Node>(new("", node.Metadata.Name), Patch.Merge("""{"metadata":{"labels":{"label":"nonempty"}}}"""), Cancellation);
        // The label is the change that helps: nobody has to try again by hand.
        await RunsAsync("matches-nothing", "simulated-00001");
    }

    private static Func<PodSpec, PodSpec> Port(string host, string protocol) => s => s with
    {
        NodeSelector = ApiMap.Of("kubernetes.io/hostname", "simulated-00000"),
        Containers = [s.Containers[0] with { Ports = [new() { ContainerPortValue = 80, HostPort = 54321, HostIP = host, Protocol = protocol }] }],
    };

    [Fact]
    public async Task One_host_port_is_no_conflict_with_different_addresses_and_protocols()
    {
        await PodAsync("pod1", change: Port("127.0.0.1", "TCP"));
        await PodAsync("pod2", change: Port("172.16.0.1", "TCP"));
        await PodAsync("pod3", change: Port("172.16.0.1", "UDP"));
        await RunsAsync("pod1", "simulated-00000");
        await RunsAsync("pod2", "simulated-00000");
        await RunsAsync("pod3", "simulated-00000");
    }

    [Fact]
    public async Task One_host_port_is_a_conflict_when_one_of_two_takes_every_address()
    {
        await PodAsync("pod4", change: Port("", "TCP"));
        await RunsAsync("pod4");
        await PodAsync("pod5", change: Port("127.0.0.1", "TCP"));
        await WaitsAsync("pod5", "1 node(s) didn't have free ports for the requested pod ports");
    }

    private async Task ClassesAsync()
    {
        await Api.CreateAsync(new PriorityClass { Metadata = new() { Name = "low" }, Value = 1 }, Cancellation);
        await Api.CreateAsync(new PriorityClass { Metadata = new() { Name = "high" }, Value = 1000 }, Cancellation);
    }

    [Fact]
    public async Task Less_important_pods_make_room_and_their_condition_says_why()
    {
        await ClassesAsync();
        // A finalizer holds the victim, so that its last state can be seen.
        await Api.CreateAsync(
            new Pod
            {
                Metadata = new() { Namespace = Ns, Name = "victim", Finalizers = ["example.com/test-finalizer"] },
                Spec = new()
                {
                    PriorityClassName = "low", NodeSelector = ApiMap.Of("kubernetes.io/hostname", "simulated-00000"),
                    Containers = [new() { Name = "c", Image = "i", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("800m")) } }],
                },
            }, Cancellation);
        await RunsAsync("victim");
        await PodAsync("preemptor", "800m", s => s with { PriorityClassName = "high", NodeSelector = ApiMap.Of("kubernetes.io/hostname", "simulated-00000") });
        await Eventually.TrueAsync(
            async () => await GetAsync("victim") is { Metadata.DeletionTimestamp: not null } going
                && going.Status.Conditions.Any(c => c is { Type: "DisruptionTarget", Status: "True", Reason: "PreemptionByScheduler" }), () => "the victim stays", Cancellation);
        Assert.Equal("simulated-00000", (await GetAsync("preemptor")).Status.NominatedNodeName);
        await Api.PatchAsync<Pod>(new(Ns, "victim"), Patch.Merge("""{"metadata":{"finalizers":null}}"""), Cancellation);
        await RunsAsync("preemptor", "simulated-00000");
    }

    [Fact]
    public async Task A_critical_pod_preempts_the_least_important_that_will_do()
    {
        await ClassesAsync();
        await PodAsync("medium", "700m", s => s with { PriorityClassName = "high" });
        await PodAsync("low", "700m", s => s with { PriorityClassName = "low" });
        await RunsAsync("medium");
        await RunsAsync("low");
        await PodAsync("critical", "700m", s => s with { PriorityClassName = "system-cluster-critical" });
        await RunsAsync("critical");
        Assert.Null(await Api.FindAsync<Pod>(new(Ns, "low"), Cancellation));
        Assert.Equal("Running", (await GetAsync("medium")).Status.Phase);
    }

    [Fact]
    public async Task Requests_that_a_limit_range_gave_count_for_scheduling()
    {
        await Api.CreateAsync(
            new LimitRange
            {
                Metadata = new() { Namespace = Ns, Name = "defaults" },
                Spec = new() { Limits = [new() { Type = "Container", DefaultRequest = ApiMap.Of("cpu", Quantity.Parse("600m")), Default = ApiMap.Of("cpu", Quantity.Parse("600m")) }] },
            }, Cancellation);
        for (var i = 0; i < 3; i++)
            await PodAsync($"p{i}", change: s => s with { Containers = [s.Containers[0] with { Resources = new() }] });
        await Eventually.TrueAsync(
            async () => (await Api.ListAsync<Pod>(new() { Namespace = Ns }, Cancellation)).Items is var pods
                && pods.Count(p => p.Spec.NodeName.Length > 0) == 2 && pods.Count(p => p.Status.Conditions.Any(c => c.Reason == "Unschedulable")) == 1, () => "not two of three", Cancellation);
    }
}
