using Coxswain.Api.Core.V1;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Client.Tests;

public sealed class EventRecorderTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly FakeApi _api;
    private readonly EventRecorder _events;
    private readonly CancellationTokenSource _stop = new();
    private readonly Pod _pod = new() { Metadata = new() { Namespace = "ns", Name = "p", Uid = "u", ResourceVersion = "7" } };
    private Task _running = Task.CompletedTask;

    public EventRecorderTests()
    {
        _api = new(_clock);
        _events = new(_api, "kubelet", "node-1", _clock, NullLogger.Instance);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private void Start() => _running = _events.RunAsync(_stop.Token);

    private Task<bool> WrittenAsync(int writes) => Task.FromResult(_api.Writes.Count >= writes);

    [Fact]
    public async Task An_event_names_its_object_source_and_times()
    {
        Start();
        _events.Warning(_pod, "Failed", "it broke");
        await Eventually.TrueAsync(() => WrittenAsync(1), cancellation: Cancellation);

        var made = Assert.Single(_api.All<Event>());
        Assert.Equal(("Failed", "it broke", "Warning", 1), (made.Reason, made.Message, made.Type, made.Count));
        Assert.Equal(("kubelet", "node-1", "kubelet"), (made.Source.Component, made.Source.Host, made.ReportingComponent));
        Assert.Equal(("Pod", "v1", "ns", "p", "u", "7"), (made.InvolvedObject.Kind, made.InvolvedObject.ApiVersion, made.InvolvedObject.Namespace,
            made.InvolvedObject.Name, made.InvolvedObject.Uid, made.InvolvedObject.ResourceVersion));
        Assert.Equal(_clock.GetUtcNow(), made.FirstTimestamp);
        Assert.StartsWith("p.", made.Metadata.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeat_raises_the_count_and_moves_the_last_time()
    {
        Start();
        _events.Warning(_pod, "BackOff", "again");
        await Eventually.TrueAsync(() => WrittenAsync(1), cancellation: Cancellation);
        var first = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromMinutes(1));
        _events.Warning(_pod, "BackOff", "again");
        await Eventually.TrueAsync(() => WrittenAsync(2), cancellation: Cancellation);

        var made = Assert.Single(_api.All<Event>());
        Assert.Equal((2, first, _clock.GetUtcNow()), (made.Count, made.FirstTimestamp, made.LastTimestamp));
    }

    [Fact]
    public async Task Many_messages_of_one_sort_are_folded_into_one_event()
    {
        Start();
        for (var i = 0; i < 15; i++)
            _events.Normal(_pod, "Pulled", $"message {i}");
        await Eventually.TrueAsync(() => WrittenAsync(15), cancellation: Cancellation);

        Assert.Equal(10, _api.All<Event>().Count);
        var folded = _api.All<Event>().Single(e => e.Message.StartsWith("(combined from similar events): ", StringComparison.Ordinal));
        Assert.Equal(6, folded.Count);
    }

    [Fact]
    public async Task An_object_that_is_talked_about_too_much_is_cut_short_and_the_rest_counted_as_dropped()
    {
        Start();
        for (var i = 0; i < 100; i++)
            _events.Normal(_pod, "Reason" + i, "message");
        await Eventually.TrueAsync(() => Task.FromResult(_events.DroppedCount == 75), cancellation: Cancellation);

        Assert.Equal(25, _api.All<Event>().Count);
    }

    [Fact]
    public void A_full_queue_drops_and_counts_and_never_waits()
    {
        for (var i = 0; i < 1500; i++)
            _events.Normal(_pod, "R", "m");
        Assert.Equal(500, _events.DroppedCount);
    }

    [Fact]
    public async Task An_event_that_has_expired_begins_anew()
    {
        Start();
        _events.Normal(_pod, "R", "m");
        await Eventually.TrueAsync(() => WrittenAsync(1), cancellation: Cancellation);
        await _api.DeleteAsync<Event>(_api.All<Event>()[0].FullName(), null, Cancellation);
        _events.Normal(_pod, "R", "m");
        await Eventually.TrueAsync(() => Task.FromResult(_api.All<Event>().Count == 1), cancellation: Cancellation);

        Assert.Equal(2, _api.All<Event>()[0].Count);
    }
}
