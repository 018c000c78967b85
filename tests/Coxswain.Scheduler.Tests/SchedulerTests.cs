using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
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
    private readonly EventRecorder _events;
    private readonly Scheduler _scheduler;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public SchedulerTests()
    {
        _informers = new(_api, TimeProvider.System);
        _events = new(_api, "default-scheduler", "", TimeProvider.System, NullLogger.Instance);
        _scheduler = new(_api, _informers, _events, TimeProvider.System, NullLogger<Scheduler>.Instance);
    }

    public ValueTask InitializeAsync()
    {
        _informers.Start();
        _running = Task.WhenAll(_scheduler.RunAsync(_stop.Token), _events.RunAsync(_stop.Token));
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
}
