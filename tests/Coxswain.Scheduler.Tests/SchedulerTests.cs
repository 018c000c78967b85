using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;
using Coxswain.Scheduler.Configuration;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

/// <summary>The whole scheduler over a cluster in memory.</summary>
public sealed class SchedulerTests : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly FakeApi _api = new(TimeProvider.System);
    private readonly InformerFactory _informers;
    private readonly Scheduler _scheduler;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public SchedulerTests()
    {
        _informers = new(_api, TimeProvider.System);
        _scheduler = new(_api, _informers, SchedulerConfiguration.Default, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public ValueTask InitializeAsync()
    {
        _informers.Start();
        _running = _scheduler.RunAsync(_stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        await _informers.DisposeAsync();
        _scheduler.Dispose();
        _stop.Dispose();
    }

    private string NodeOf(string pod) => _api.All<Pod>("default").Single(p => p.Metadata.Name == pod).Spec.NodeName;

    [Fact]
    public async Task A_pod_is_bound_and_an_event_says_where()
    {
        await _api.CreateAsync(Node("one"), Cancellation);
        await _api.CreateAsync(Pod("a"), Cancellation);
        await Eventually.TrueAsync(() => NodeOf("a") == "one", cancellation: Cancellation);
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e is { Reason: "Scheduled", Message: "Successfully assigned default/a to one" }), cancellation: Cancellation);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_comes()
    {
        await _api.CreateAsync(Pod("a", cpu: "2"), Cancellation);
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e is { Reason: "FailedScheduling", Type: "Warning" }), cancellation: Cancellation);
        await Eventually.TrueAsync(() => _api.Writes.Any(w => w.StartsWith("patch", StringComparison.Ordinal)), cancellation: Cancellation);
        await _api.CreateAsync(Node("late"), Cancellation);
        await Eventually.TrueAsync(() => NodeOf("a") == "late", cancellation: Cancellation);
    }

    [Fact]
    public async Task Many_pods_at_once_never_overfill_a_node()
    {
        for (var i = 0; i < 4; i++)
            await _api.CreateAsync(Node($"n{i}", cpu: "1"), Cancellation);
        for (var i = 0; i < 40; i++)
            await _api.CreateAsync(Pod($"p{i}", cpu: "100m"), Cancellation);
        await Eventually.TrueAsync(() => _api.All<Pod>().All(p => p.Spec.NodeName.Length > 0), cancellation: Cancellation);
        Assert.All(_api.All<Pod>().GroupBy(p => p.Spec.NodeName), n => Assert.Equal(10, n.Count()));
    }

    [Fact]
    public async Task A_refused_binding_frees_the_room_and_is_made_again()
    {
        var refusals = 1;
        _api.BeforeWrite = (_, o) =>
        {
            if (o is Binding && Interlocked.Decrement(ref refusals) >= 0)
                throw new ApiException(Statuses.Conflict(new("", "pods/binding"), "a", "not now"));
        };
        await _api.CreateAsync(Node("one", cpu: "1"), Cancellation);
        await _api.CreateAsync(Pod("a", cpu: "1"), Cancellation);
        await Eventually.TrueAsync(() => NodeOf("a") == "one", cancellation: Cancellation);
    }

    [Fact]
    public async Task Pods_of_other_schedulers_are_left_alone()
    {
        await _api.CreateAsync(Node("one"), Cancellation);
        await _api.CreateAsync(Pod("theirs", change: s => s with { SchedulerName = "other" }), Cancellation);
        await _api.CreateAsync(Pod("ours"), Cancellation);
        await Eventually.TrueAsync(() => NodeOf("ours") == "one", cancellation: Cancellation);
        Assert.Equal("", NodeOf("theirs"));
    }

    [Fact]
    public async Task Watches_that_expire_in_the_middle_lose_no_pod_and_overfill_no_node()
    {
        for (var i = 0; i < 4; i++)
            await _api.CreateAsync(Node($"n{i}", cpu: "1"), Cancellation);
        for (var i = 0; i < 40; i++)
        {
            await _api.CreateAsync(Pod($"p{i}", cpu: "100m"), Cancellation);
            if (i % 13 == 5)
                _api.Compact();
        }

        await Eventually.TrueAsync(() => _api.All<Pod>().All(p => p.Spec.NodeName.Length > 0), cancellation: Cancellation);
        Assert.All(_api.All<Pod>().GroupBy(p => p.Spec.NodeName), n => Assert.Equal(10, n.Count()));
    }

    private static PodSpec Important(PodSpec spec) => spec with { Priority = 1000 };

    [Fact]
    public async Task Less_important_pods_leave_for_a_more_important_one_which_is_then_placed()
    {
        await _api.CreateAsync(Node("one", cpu: "1"), Cancellation);
        await _api.CreateAsync(Pod("low", cpu: "1"), Cancellation);
        await Eventually.TrueAsync(() => NodeOf("low") == "one", cancellation: Cancellation);
        var low = _api.All<Pod>().Single();
        await _api.CreateAsync(Pod("high", cpu: "1", change: Important), Cancellation);
        await Eventually.TrueAsync(() => _api.All<Pod>().Any(p => p.Metadata is { Name: "low", DeletionTimestamp: not null }), cancellation: Cancellation);
        var victim = _api.All<Pod>().Single(p => p.Metadata.Name == "low");
        Assert.Contains(victim.Status.Conditions, c => c is
        {
            Type: "DisruptionTarget", Status: "True", Reason: "PreemptionByScheduler", Message: "default-scheduler: preempting to accommodate a higher priority pod",
        });
        var high = _api.All<Pod>().Single(p => p.Metadata.Name == "high");
        Assert.Equal("one", high.Status.NominatedNodeName);
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e.Reason == "Preempted" && e.InvolvedObject.Uid == low.Metadata.Uid
            && e.Message == $"Preempted by pod {high.Metadata.Uid} on node one"), cancellation: Cancellation);
        // The node's agent ends it.
        await _api.DeleteAsync<Pod>(new("default", "low"), new() { GracePeriodSeconds = 0 }, Cancellation);
        await Eventually.TrueAsync(() => NodeOf("high") == "one", cancellation: Cancellation);
    }

    [Fact]
    public async Task The_condition_says_what_the_event_says()
    {
        await _api.CreateAsync(Node("one", cpu: "1"), Cancellation);
        await _api.CreateAsync(Pod("big", cpu: "2"), Cancellation);
        const string Message = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
        await Eventually.TrueAsync(() => _api.All<Event>().Any(e => e.Message == Message), cancellation: Cancellation);
        await Eventually.TrueAsync(() => _api.All<Pod>().Single().Status.Conditions.Any(c => c.Message == Message), cancellation: Cancellation);
        Assert.Contains(_api.All<Pod>().Single().Status.Conditions, c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" });
    }

    [Fact]
    public async Task A_claim_that_waits_for_its_consumer_is_sent_to_the_chosen_node_before_the_pod_is_bound()
    {
        await _api.CreateAsync(Node("one"), Cancellation);
        await _api.CreateAsync(new StorageClass { Metadata = new() { Name = "lazy" }, Provisioner = "example.com/p", VolumeBindingMode = "WaitForFirstConsumer" }, Cancellation);
        await _api.CreateAsync(new PersistentVolumeClaim { Metadata = new() { Namespace = "default", Name = "data" }, Spec = new() { StorageClassName = "lazy" } }, Cancellation);
        await _api.CreateAsync(Pod("a", change: s => s with { Volumes = [new() { Name = "v", PersistentVolumeClaim = new() { ClaimName = "data" } }] }), Cancellation);
        await Eventually.TrueAsync(
            () => _api.All<PersistentVolumeClaim>().Single().Metadata.Annotations.GetValueOrDefault("volume.kubernetes.io/selected-node") == "one", cancellation: Cancellation);
        Assert.Equal("", NodeOf("a"));
        // The provisioner makes the volume and the binder binds it.
        _api.Change<PersistentVolumeClaim>(new("default", "data"), c => c with
        {
            Metadata = c.Metadata with { Annotations = c.Metadata.Annotations.With("pv.kubernetes.io/bind-completed", "yes") },
            Spec = c.Spec with { VolumeName = "pv-1" },
        });
        await Eventually.TrueAsync(() => NodeOf("a") == "one", cancellation: Cancellation);
    }
}
