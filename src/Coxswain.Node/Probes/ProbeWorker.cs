using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Probes;

/// <summary>What a probe needs to know of its container before each question. Null: the container is over for good.</summary>
internal delegate ProbeSubject? ProbeSubjectSource();

/// <param name="Instance">The newest instance; null before the first.</param>
/// <param name="Terminating">The pod is being taken down.</param>
internal sealed record ProbeSubject(Pod Pod, ContainerInstance? Instance, string PodIP, bool Terminating);

/// <summary>One probe of one container: asks in its period, counts, and publishes the result when the count is full.</summary>
/// <remarks>It follows the container from instance to instance. <see cref="StepAsync"/> is one period; the loop around it only keeps time.</remarks>
internal sealed class ProbeWorker(
    ProbeType type, Probe probe, string containerName, ContainerRole role, ProbeSubjectSource source, IProber prober, ProbeResults results,
    IPodEvents events, Action changed, TimeProvider clock)
{
    private const int MaxAttempts = 3;

    private string _containerId = "";
    private ProbeOutcome? _last;
    private int _run;
    private bool _onHold;

    /// <summary>Runs until cancelled or until the container is over.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds));
        try
        {
            while (await StepAsync(cancellation))
                await Task.Delay(period, clock, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The pod's probes end with the pod.
        }
        finally
        {
            results.Remove(type, _containerId);
        }
    }

    /// <summary>Returns false when there is nothing left to probe.</summary>
    internal async Task<bool> StepAsync(CancellationToken cancellation)
    {
        if (source() is not { } subject)
            return false;
        if (subject.Instance is not { } instance)
            return true; // not created yet

        if (!string.Equals(instance.Id, _containerId, StringComparison.Ordinal))
        {
            results.Remove(type, _containerId);
            _containerId = instance.Id;
            _last = null;
            _run = 0;
            _onHold = false;
            // Until a probe says otherwise a container lives, but is neither ready nor started.
            Publish(type == ProbeType.Liveness ? ProbeResult.Success : type == ProbeType.Readiness ? ProbeResult.Failure : ProbeResult.Unknown);
        }

        if (_onHold)
            return true; // it has failed for good and waits to be replaced
        if (instance.State != ContainerState.Running)
        {
            Publish(ProbeResult.Failure);
            // Whether there will be another instance is the worker's to decide; it ends us with the pod.
            return true;
        }

        if (subject.Terminating && type is ProbeType.Liveness or ProbeType.Startup)
        {
            // What is being stopped must not be restarted.
            Publish(ProbeResult.Success);
            return false;
        }

        if (instance.Status.StartedAt is { } started && clock.GetUtcNow() - started < TimeSpan.FromSeconds(probe.InitialDelaySeconds))
            return true;
        var hasStarted = results.Startup(_containerId) == ProbeResult.Success || !HasStartupProbe(subject.Pod);
        if (type == ProbeType.Startup ? results.Startup(_containerId) == ProbeResult.Success : !hasStarted)
            return true;

        await AskAsync(subject, cancellation);
        return true;
    }

    private async Task AskAsync(ProbeSubject subject, CancellationToken cancellation)
    {
        if (PodContainers.Find(subject.Pod, containerName) is not { } container)
            return;
        var target = new ProbeTarget(subject.Pod, container, _containerId, subject.PodIP);
        var answer = await prober.ProbeAsync(probe, target, cancellation);
        for (var attempt = 1; attempt < MaxAttempts && answer.Outcome == ProbeOutcome.Error; attempt++)
            answer = await prober.ProbeAsync(probe, target, cancellation);

        var fieldPath = PodContainers.FieldPath(containerName, role);
        switch (answer.Outcome)
        {
            case ProbeOutcome.Error:
                // No verdict, so no count.
                events.Warning(subject.Pod, "Unhealthy", $"{type} probe errored and resulted in unknown state: {answer.Output}", fieldPath);
                return;
            case ProbeOutcome.Failure:
                events.Warning(subject.Pod, "Unhealthy", $"{type} probe failed: {answer.Output}", fieldPath);
                break;
        }

        _run = _last == answer.Outcome ? _run + 1 : 1;
        _last = answer.Outcome;
        var success = answer.Outcome == ProbeOutcome.Success;
        if (_run < Math.Max(1, success ? probe.SuccessThreshold : probe.FailureThreshold))
            return;

        Publish(success ? ProbeResult.Success : ProbeResult.Failure);
        if (!success && type is ProbeType.Liveness or ProbeType.Startup)
        {
            _onHold = true;
            _run = 0;
        }
    }

    private bool HasStartupProbe(Pod pod) => PodContainers.Find(pod, containerName)?.StartupProbe is not null;

    private void Publish(ProbeResult result)
    {
        if (results.Set(type, _containerId, result))
            changed();
    }
}
