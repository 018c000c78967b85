using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Simulation.Tests;

public sealed class SimulatedNodesTests : IAsyncDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly FakeClock _clock = new();
    private readonly FakeApi _api;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public SimulatedNodesTests() => _api = new(_clock);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private void Start(int nodes, TimeSpan? delay = null) => _running = new SimulatedNodes(
        new() { Nodes = nodes, PodStartDelay = delay ?? TimeSpan.Zero }, _api, _clock, NullLoggerFactory.Instance).RunAsync(_stop.Token);

    private Task UntilAsync(Func<bool> condition) => Eventually.TrueAsync(condition, cancellation: Cancellation);

    private static Pod Bound(string name, string node) => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new() { NodeName = node, Containers = [new() { Name = "c", Image = "i" }], InitContainers = [new() { Name = "first", Image = "i" }] },
        Status = new() { Phase = "Pending", Conditions = [new() { Type = "PodScheduled", Status = "True" }] },
    };

    [Fact]
    public async Task The_nodes_are_there_ready_in_zones_and_with_leases()
    {
        Start(4);
        await UntilAsync(() => _api.All<Lease>().Any());
        var nodes = _api.All<Node>();
        Assert.Equal(4, nodes.Count);
        Assert.Equal(["zone-0", "zone-1", "zone-2"], nodes.Select(n => n.Metadata.Labels["topology.kubernetes.io/zone"]).Distinct().Order());
        Assert.All(nodes, n => Assert.Contains(n.Status.Conditions, c => c is { Type: "Ready", Status: "True" }));
        Assert.All(nodes, n => Assert.Equal("32", n.Status.Allocatable["cpu"].ToString()));
    }

    [Fact]
    public async Task Leases_are_renewed_before_they_expire()
    {
        Start(1);
        await UntilAsync(() => _api.All<Lease>().Any());
        var first = _api.All<Lease>().Single().Spec.RenewTime!.Value;
        await UntilAsync(() => { _clock.Advance(TimeSpan.FromMilliseconds(500)); return _api.All<Lease>().Single().Spec.RenewTime > first; });
        Assert.Equal(40, _api.All<Lease>().Single().Spec.LeaseDurationSeconds);
    }

    [Fact]
    public async Task A_bound_pod_runs_after_the_delay_and_not_before()
    {
        Start(1, TimeSpan.FromSeconds(5));
        await UntilAsync(() => _api.All<Node>().Count == 1);
        await _api.CreateAsync(Bound("a", "simulated-00000"), Cancellation);
        // The pod's delay and the next slice of leases.
        await UntilAsync(() => _clock.Waiting >= 2);
        Assert.Equal("Pending", _api.All<Pod>().Single().Status.Phase);
        await UntilAsync(() => { _clock.Advance(TimeSpan.FromSeconds(1)); return _api.All<Pod>().Single().Status.Phase == "Running"; });
        var status = _api.All<Pod>().Single().Status;
        Assert.Equal(["Ready", "PodScheduled"], status.Conditions.Where(c => c is { Type: "Ready" or "PodScheduled", Status: "True" }).Select(c => c.Type));
        Assert.NotEmpty(status.PodIP);
        Assert.True(status.ContainerStatuses[0].Ready);
        Assert.Equal("Completed", status.InitContainerStatuses[0].State.Terminated!.Reason);
    }

    [Fact]
    public async Task A_deleted_pod_ends_and_pods_of_other_nodes_are_left_alone()
    {
        Start(1);
        await _api.CreateAsync(Bound("theirs", "real"), Cancellation);
        await _api.CreateAsync(Bound("ours", "simulated-00000"), Cancellation);
        await UntilAsync(() => _api.All<Pod>().Any(p => p.Status.Phase == "Running"));
        await _api.DeleteAsync<Pod>(new("default", "ours"), new() { GracePeriodSeconds = 30 }, Cancellation);
        await UntilAsync(() => _api.All<Pod>().All(p => p.Metadata.Name != "ours"));
        Assert.Equal("Pending", _api.All<Pod>().Single().Status.Phase);
    }

    [Fact]
    public async Task Started_with_fewer_nodes_the_surplus_goes()
    {
        for (var i = 0; i < 3; i++)
            await _api.CreateAsync(SimulatedObjects.Node(new() { Nodes = 3 }, i, _clock.GetUtcNow()), Cancellation);
        await _api.CreateAsync(new Node { Metadata = new() { Name = "real" } }, Cancellation);
        Start(1);
        await UntilAsync(() => _api.All<Node>().Count == 2);
        Assert.Equal(["real", "simulated-00000"], _api.All<Node>().Select(n => n.Metadata.Name).Order());
    }
}
