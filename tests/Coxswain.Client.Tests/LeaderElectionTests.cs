using Coxswain.Api.Coordination.V1;
using Coxswain.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Client.Tests;

public sealed class LeaderElectionTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeApi _api;

    public LeaderElectionTests() => _api = new(_clock);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private LeaderElection Candidate(string identity) => new(_api,
        new() { Lease = new("kube-system", "test"), Identity = identity }, _clock, NullLogger.Instance);

    private static Task WorkAsync(CancellationToken leadership) => Task.Delay(Timeout.Infinite, leadership);

    [Fact]
    public async Task One_leads_and_the_other_takes_over_within_two_seconds_of_a_clean_stop()
    {
        using var stopA = new CancellationTokenSource();
        using var stopB = new CancellationTokenSource();
        var (a, b) = (Candidate("a"), Candidate("b"));
        var runA = a.RunAsync(WorkAsync, stopA.Token);
        await Eventually.TrueAsync(() => a.IsLeader, cancellation: Cancellation);
        var runB = b.RunAsync(WorkAsync, stopB.Token);
        for (var i = 0; i < 30; i++)
            await StepAsync(TimeSpan.FromSeconds(1));
        Assert.True(a.IsLeader);
        Assert.False(b.IsLeader);

        await stopA.CancelAsync();
        await runA;
        Assert.Equal("", _api.All<Lease>().Single().Spec.HolderIdentity);
        await StepAsync(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => b.IsLeader, cancellation: Cancellation);
        Assert.Equal(("b", 1), (_api.All<Lease>().Single().Spec.HolderIdentity, _api.All<Lease>().Single().Spec.LeaseTransitions));
        await stopB.CancelAsync();
        await runB;
    }

    [Fact]
    public async Task A_leader_that_vanishes_is_succeeded_when_its_lease_has_not_changed_for_its_duration()
    {
        await _api.CreateAsync(new Lease
        {
            Metadata = new() { Namespace = "kube-system", Name = "test" },
            // Its own clock is far ahead; that must not keep us waiting.
            Spec = new() { HolderIdentity = "gone", LeaseDurationSeconds = 15, RenewTime = _clock.GetUtcNow().AddHours(1) },
        }, Cancellation);
        using var stop = new CancellationTokenSource();
        var b = Candidate("b");
        var run = b.RunAsync(WorkAsync, stop.Token);
        for (var i = 0; i < 13; i++)
            await StepAsync(TimeSpan.FromSeconds(1));
        Assert.False(b.IsLeader);
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return b.IsLeader;
        }, cancellation: Cancellation);
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task Who_cannot_renew_stops_working_before_another_may_begin()
    {
        using var stop = new CancellationTokenSource();
        var a = Candidate("a");
        var stopped = new TaskCompletionSource<DateTimeOffset>(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = a.RunAsync(async leadership =>
        {
            using var registration = leadership.Register(() => stopped.TrySetResult(_clock.GetUtcNow()));
            await Task.Delay(Timeout.Infinite, leadership);
        }, stop.Token);
        await Eventually.TrueAsync(() => a.IsLeader, cancellation: Cancellation);
        var since = _clock.GetUtcNow();
        _api.BeforeWrite = (_, _) => throw new HttpRequestException("unreachable");
        for (var i = 0; i < 14 && !stopped.Task.IsCompleted; i++)
            await StepAsync(TimeSpan.FromSeconds(1));

        Assert.InRange(await stopped.Task - since, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(14));
        await stop.CancelAsync();
        await run;
    }

    /// <summary>Moves the clock when every candidate waits for it again.</summary>
    private async Task StepAsync(TimeSpan by)
    {
        await Eventually.TrueAsync(() => _clock.Waiting > 0, cancellation: Cancellation);
        _clock.Advance(by);
        for (var i = 0; i < 20; i++)
            await Task.Yield();
    }
}
