using System.Globalization;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Pods;

/// <summary>Stops containers the way their pods ask for: hook, signal, patience, then force.</summary>
internal sealed class ContainerKiller(IContainerRuntime runtime, HookRunner hooks, IPodEvents events, TimeProvider clock)
{
    // Even with no patience at all a container gets a moment: a signal it cannot act on would be a kill.
    private static readonly TimeSpan MinimumGrace = TimeSpan.FromSeconds(2);

    /// <summary>Stops one container. Returns when it has exited.</summary>
    /// <param name="message">For the event; empty: that it is being stopped.</param>
    /// <param name="grace">Overrides what the pod says.</param>
    public async Task KillAsync(
        Pod pod, ContainerInstance instance, string message, KillReason reason, TimeSpan? grace, CancellationToken cancellation)
    {
        var (container, role) = PodContainers.All(pod).FirstOrDefault(c => string.Equals(c.Container.Name, instance.Name, StringComparison.Ordinal));
        var patience = grace ?? GraceOf(pod, container, instance, reason);
        events.Normal(pod, "Killing", message.Length > 0 ? message : $"Stopping container {instance.Name}", PodContainers.FieldPath(instance.Name, role));

        var began = clock.GetTimestamp();
        if (container?.Lifecycle?.PreStop is { } preStop && instance.State == ContainerState.Running && patience > TimeSpan.Zero)
            await PreStopAsync(pod, container, role, instance, preStop, patience, cancellation);

        patience -= WholeSeconds(clock.GetElapsedTime(began));
        if (patience < MinimumGrace && grace is null)
            patience = MinimumGrace;
        try
        {
            await runtime.StopContainerAsync(instance.Id, patience > TimeSpan.Zero ? patience : TimeSpan.Zero, cancellation);
        }
        catch (RuntimeException gone) when (gone.Code == RuntimeErrorCode.NotFound)
        {
            // It was removed while we waited: it does not run.
        }
    }

    /// <summary>Stops every container of a pod, sidecars after the others and in reverse order, then its sandboxes.</summary>
    public async Task KillPodAsync(Pod pod, PodRuntimeStatus status, TimeSpan? grace, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        var total = grace ?? GraceOf(pod, null, status.Containers.Count > 0 ? status.Containers[0] : null, KillReason.Other);
        var sidecars = pod.Spec.InitContainers.Where(PodContainers.IsSidecar).Select(c => c.Name).ToList();
        var alive = status.Containers.Where(c => c.State is ContainerState.Running or ContainerState.Unknown).ToArray();

        await Task.WhenAll(alive
            .Where(c => !sidecars.Contains(c.Name, StringComparer.Ordinal))
            .Select(c => KillAsync(pod, c, "", KillReason.Other, grace, cancellation)));
        foreach (var name in Enumerable.Reverse(sidecars))
        {
            foreach (var instance in alive.Where(c => string.Equals(c.Name, name, StringComparison.Ordinal)))
            {
                // They share the pod's patience with those before them.
                var left = total - WholeSeconds(clock.GetElapsedTime(began));
                await KillAsync(pod, instance, "", KillReason.Other, left > MinimumGrace ? left : MinimumGrace, cancellation);
            }
        }

        foreach (var sandbox in status.Sandboxes)
        {
            if (sandbox.State == PodSandboxState.Ready)
                await StopSandboxAsync(sandbox.Id, cancellation);
        }
    }

    // The runtime counts patience in whole seconds: a millisecond spent must not cost one.
    private static TimeSpan WholeSeconds(TimeSpan elapsed) => TimeSpan.FromSeconds(Math.Floor(elapsed.TotalSeconds));

    private async Task StopSandboxAsync(string id, CancellationToken cancellation)
    {
        try
        {
            await runtime.StopPodSandboxAsync(id, cancellation);
        }
        catch (RuntimeException gone) when (gone.Code == RuntimeErrorCode.NotFound)
        {
            // Removed already.
        }
    }

    private static TimeSpan GraceOf(Pod pod, Api.Core.V1.Container? container, ContainerInstance? instance, KillReason reason)
    {
        if (pod.Metadata.DeletionGracePeriodSeconds is { } deletion)
            return TimeSpan.FromSeconds(deletion);
        var ofProbe = reason switch
        {
            KillReason.LivenessProbe => container?.LivenessProbe?.TerminationGracePeriodSeconds,
            KillReason.StartupProbe => container?.StartupProbe?.TerminationGracePeriodSeconds,
            _ => null,
        };
        var seconds = ofProbe ?? pod.Spec.TerminationGracePeriodSeconds;
        // A pod that the API no longer knows left its patience in the runtime.
        if (seconds is null && instance is not null
            && long.TryParse(instance.Status.Annotations.GetValueOrDefault(RuntimeLabels.TerminationGracePeriod), CultureInfo.InvariantCulture, out var noted))
        {
            seconds = noted;
        }

        return TimeSpan.FromSeconds(seconds ?? 30);
    }

    private async Task PreStopAsync(
        Pod pod, Api.Core.V1.Container container, ContainerRole role, ContainerInstance instance, LifecycleHandler hook, TimeSpan patience,
        CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var ip = pod.Status.PodIP;
            await hooks.RunAsync(hook, new ProbeTarget(pod, container, instance.Id, ip), either.Token);
        }
        catch (HookException)
        {
            // The container is stopped all the same.
            events.Warning(pod, "FailedPreStopHook", "PreStopHook failed", PodContainers.FieldPath(container.Name, role));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            events.Warning(pod, "FailedPreStopHook", "PreStopHook failed", PodContainers.FieldPath(container.Name, role));
        }
    }
}
