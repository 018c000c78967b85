using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using Coxswain.Node.Tests.Pods;
using Coxswain.Testing;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Tests.Probes;

public sealed class ProbeWorkerTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeProber _prober = new();
    private readonly ProbeResults _results = new();
    private readonly RecordedEvents _events = new();
    private ProbeSubject? _subject;
    private int _changes;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_is_ready_when_the_probe_says_so_and_not_before()
    {
        var worker = Worker(ProbeType.Readiness, new() { SuccessThreshold = 2 });
        _prober.Answer = (_, _) => new(ProbeOutcome.Failure, "no");
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Failure, _results.Readiness("id-web"));
        Assert.Contains("Warning Unhealthy spec.containers{web}: Readiness probe failed: no", _events.All);

        _prober.Answer = (_, _) => new(ProbeOutcome.Success, "");
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Failure, _results.Readiness("id-web"));
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Success, _results.Readiness("id-web"));
        Assert.Equal(2, _changes);
    }

    [Fact]
    public async Task A_liveness_probe_fails_at_its_threshold_and_then_waits_for_the_next_instance()
    {
        var worker = Worker(ProbeType.Liveness, new() { FailureThreshold = 3 });
        _prober.Answer = (_, _) => new(ProbeOutcome.Failure, "dead");
        await worker.StepAsync(Cancellation);
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Success, _results.Liveness("id-web"));
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Failure, _results.Liveness("id-web"));

        var asked = _prober.Asked;
        await worker.StepAsync(Cancellation);
        Assert.Equal(asked, _prober.Asked);

        var next = _subject!.Instance! with { Status = _subject.Instance.Status with { Id = "id-2" } };
        _subject = _subject with { Instance = next };
        _prober.Answer = (_, _) => new(ProbeOutcome.Success, "");
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Success, _results.Liveness("id-2"));
        Assert.Equal(ProbeResult.Unknown, _results.Liveness("id-web"));
    }

    [Fact]
    public async Task Nothing_is_asked_before_the_initial_delay()
    {
        var worker = Worker(ProbeType.Liveness, new() { InitialDelaySeconds = 5 });
        _clock.Advance(TimeSpan.FromSeconds(4));
        await worker.StepAsync(Cancellation);
        Assert.Equal(0, _prober.Asked);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await worker.StepAsync(Cancellation);
        Assert.Equal(1, _prober.Asked);
    }

    [Fact]
    public async Task The_other_probes_wait_for_the_startup_probe()
    {
        var liveness = Worker(ProbeType.Liveness, new(), c => c with { StartupProbe = new() });
        var startup = Worker(ProbeType.Startup, new(), c => c with { StartupProbe = new() });
        await liveness.StepAsync(Cancellation);
        Assert.Equal(0, _prober.Asked);

        await startup.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Success, _results.Startup("id-web"));
        await startup.StepAsync(Cancellation);
        Assert.Equal(1, _prober.Asked);
        await liveness.StepAsync(Cancellation);
        Assert.Equal(2, _prober.Asked);
    }

    [Fact]
    public async Task A_probe_that_cannot_be_made_is_tried_three_times_and_decides_nothing()
    {
        var worker = Worker(ProbeType.Readiness, new());
        await worker.StepAsync(Cancellation);
        Assert.Equal(ProbeResult.Success, _results.Readiness("id-web"));

        _prober.Answer = (_, _) => new(ProbeOutcome.Error, "broken");
        await worker.StepAsync(Cancellation);

        Assert.Equal(ProbeResult.Success, _results.Readiness("id-web"));
        Assert.Equal(4, _prober.Asked);
        Assert.Contains("Warning Unhealthy spec.containers{web}: Readiness probe errored and resulted in unknown state: broken", _events.All);
    }

    [Fact]
    public async Task A_pod_that_is_taken_down_is_still_asked_whether_it_is_ready_but_not_whether_it_lives()
    {
        var liveness = Worker(ProbeType.Liveness, new());
        var readiness = Worker(ProbeType.Readiness, new());
        _subject = _subject! with { Terminating = true };

        Assert.False(await liveness.StepAsync(Cancellation));
        Assert.True(await readiness.StepAsync(Cancellation));
        Assert.Equal(1, _prober.Asked);
    }

    [Fact]
    public async Task A_container_that_does_not_run_is_not_ready()
    {
        var worker = Worker(ProbeType.Readiness, new());
        await worker.StepAsync(Cancellation);
        _subject = _subject! with { Instance = PodActionPlannerTests.Instance("web", ContainerState.Exited, 1) };

        await worker.StepAsync(Cancellation);

        Assert.Equal(ProbeResult.Failure, _results.Readiness("id-web"));
    }

    [Fact]
    public async Task The_loop_asks_once_a_period_until_it_is_stopped()
    {
        var worker = Worker(ProbeType.Readiness, new() { PeriodSeconds = 10 });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var loop = worker.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => _clock.Waiting == 1, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => _prober.Asked == 2, cancellation: Cancellation);

        await stop.CancelAsync();
        await loop;

        Assert.Equal(ProbeResult.Unknown, _results.Readiness("id-web"));
    }

    private ProbeWorker Worker(ProbeType type, Probe probe, Func<Container, Container>? adjust = null)
    {
        var pod = TestPods.Pod("web", TestPods.Container("web", adjust));
        var instance = PodActionPlannerTests.Instance("web", ContainerState.Running);
        _subject = new(pod, instance with { Status = instance.Status with { StartedAt = _clock.GetUtcNow() } }, "10.1.0.5", Terminating: false);
        return new(type, probe, "web", ContainerRole.Regular, () => _subject, _prober, _results, _events, () => _changes++, _clock);
    }
}
