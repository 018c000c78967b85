using Coxswain.Scheduler.Queue;
using Coxswain.Testing;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class SchedulingQueueTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private static readonly HashSet<string> Fit = ["NodeResourcesFit"];

    private readonly FakeClock _clock = new();
    private readonly SchedulingQueue _queue;

    public SchedulingQueueTests() => _queue = new(
        _clock, BackOffTimes.Default, p => new Plugins.SchedulingGates().Gate(p),
        (_, plugin) => plugin == "NodeResourcesFit" ? [new(EventKind.NodeAdded | EventKind.PodRemoved)] : [new(EventKind.PodAdded, (_, change) => change.After is "near")]);

    public void Dispose() => _queue.Dispose();

    private async Task<string> TakeAsync() => (await _queue.TakeAsync(Cancellation)).Name.Name;

    [Fact]
    public async Task Higher_priority_goes_first_and_among_equals_who_came_first()
    {
        _queue.Put(new(Pod("low")));
        _queue.Put(new(Pod("low-2")));
        _queue.Put(new(Pod("high", change: s => s with { Priority = 1000 })));
        Assert.Equal(["high", "low", "low-2"], [await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_waits_for_a_change_that_could_help_and_then_out_its_back_off()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        _queue.Unschedulable(pod, Fit);
        _queue.ClusterChanged(new(EventKind.PodAdded));
        Assert.Equal(1, _queue.Counts.Unschedulable);
        _queue.ClusterChanged(new(EventKind.NodeAdded));
        Assert.Equal((0, 1, 0, 0), _queue.Counts);
        var taken = TakeAsync();
        await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
        Assert.False(taken.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("a", await taken);
    }

    [Fact]
    public async Task A_change_during_an_attempt_is_not_lost()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        _queue.ClusterChanged(ClusterEvent.Unknown);
        _queue.Unschedulable(pod, Fit);
        Assert.Equal(1, _queue.Counts.BackOff);
    }

    [Fact]
    public async Task Whatever_happens_a_pod_is_tried_again_after_five_minutes()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        _queue.Unschedulable(pod, Fit);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task A_gated_pod_is_tried_when_its_gates_are_gone()
    {
        _queue.Put(new(Pod("a", change: s => s with { SchedulingGates = [new() { Name = "later" }] })));
        Assert.Equal(1, _queue.Counts.Gated);
        _queue.Put(new(Pod("a")));
        Assert.Equal("a", await TakeAsync());
    }

    [Fact]
    public async Task A_removed_pod_is_not_handed_out()
    {
        _queue.Put(new(Pod("gone")));
        _queue.Put(new(Pod("stays")));
        _queue.Remove(new("default", "gone"));
        Assert.Equal("stays", await TakeAsync());
    }

    [Fact]
    public async Task A_plug_in_is_asked_whether_a_change_could_help()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        _queue.Unschedulable(pod, ["InterPodAffinity"]);
        _queue.ClusterChanged(new(EventKind.PodAdded, null, "far"));
        Assert.Equal((0, 0, 1, 0), _queue.Counts);
        _queue.ClusterChanged(new(EventKind.PodAdded, null, "near"));
        Assert.Equal((0, 1, 0, 0), _queue.Counts);
    }

    [Fact]
    public async Task A_change_during_an_attempt_that_could_not_help_leaves_the_pod_waiting()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        _queue.ClusterChanged(new(EventKind.PodAdded, null, "far"));
        _queue.Unschedulable(pod, ["InterPodAffinity"]);
        Assert.Equal((0, 0, 1, 0), _queue.Counts);
    }

    [Fact]
    public async Task Back_off_doubles_from_one_second_to_ten()
    {
        var pod = new PodInfo(Pod("a"));
        _queue.Put(pod);
        await TakeAsync();
        foreach (var seconds in new[] { 1, 2, 4, 8, 10, 10 })
        {
            _queue.Failed(pod);
            var again = TakeAsync();
            await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(100));
            Assert.Equal((0, 1, 0, 0), _queue.Counts);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal("a", await again);
        }
    }
}
