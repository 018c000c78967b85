using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Coxswain.Node.Status;
using Coxswain.Node.Volumes;
using Container = Coxswain.Api.Core.V1.Container;

namespace Coxswain.Node.Pods;

/// <summary>What came of one pass over a pod.</summary>
/// <param name="WaitReasons">Why containers wait, by name: what failed in this pass.</param>
/// <param name="RetryAfter">When to come again, if sooner than usual.</param>
internal sealed record SyncOutcome(IReadOnlyDictionary<string, WaitReason> WaitReasons, TimeSpan? RetryAfter)
{
    public static SyncOutcome Done { get; } = new(new Dictionary<string, WaitReason>(), null);
}

/// <summary>One level-triggered pass: compares the pod with what runs and does what is missing. Stopping anywhere is harmless.</summary>
internal sealed class PodSync(
    IContainerRuntime runtime, SandboxConfigBuilder sandboxes, ContainerStarter starter, ContainerKiller killer, IProbeResults probes, IPodEvents events)
{
    private static readonly TimeSpan SoonAgain = TimeSpan.FromSeconds(10);

    private sealed class Failures
    {
        public Dictionary<string, WaitReason> Reasons { get; } = new(StringComparer.Ordinal);
        public TimeSpan? RetryAfter { get; private set; }

        public void Add(string container, ContainerStartException failed)
        {
            Reasons[container] = new(failed.Reason, failed.Message);
            var after = failed.RetryAfter ?? SoonAgain;
            RetryAfter = RetryAfter is { } sooner && sooner < after ? sooner : after;
        }
    }

    public async Task<SyncOutcome> SyncAsync(
        Pod pod, PodRuntimeStatus status, NodeContext node, IReadOnlyDictionary<string, ReadyVolume> volumes, CancellationToken cancellation)
    {
        var actions = PodActionPlanner.Plan(pod, status, probes);

        // 1. What must not run any more.
        if (actions.KillPod)
        {
            if (status.Sandbox is not null && actions.CreateSandbox)
                events.Normal(pod, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
            if (status.AnythingRuns)
                await killer.KillPodAsync(pod, status, null, cancellation);
            if (!actions.CreateSandbox)
                return SyncOutcome.Done;
        }

        foreach (var doomed in actions.ToKill)
            await killer.KillAsync(pod, doomed.Instance, doomed.Message, doomed.Reason, null, cancellation);

        // 2. The sandbox.
        var config = sandboxes.Build(pod, actions.Attempt, (reason, message) => events.Warning(pod, reason, message));
        var sandboxId = actions.SandboxId;
        var ips = status.IPs;
        if (actions.CreateSandbox)
        {
            try
            {
                sandboxId = await CreateSandboxAsync(config, cancellation);
                ips = (await runtime.PodSandboxStatusAsync(sandboxId, cancellation)).IPs;
            }
            catch (RuntimeException failed)
            {
                events.Warning(pod, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {failed.Message}");
                return SyncOutcome.Done with { RetryAfter = SoonAgain };
            }
        }

        var pass = new PassContext
        {
            Pod = pod,
            Status = status,
            Node = node,
            Volumes = volumes,
            SandboxId = sandboxId,
            SandboxConfig = config,
            PodIPs = pod.Spec.HostNetwork ? node.HostIPs : ips,
        };

        // 3. Containers: those that help to find out, those that prepare, those that work.
        var failures = new Failures();
        foreach (var container in actions.EphemeralToStart)
            await StartAsync(pass, container, ContainerRole.Ephemeral, failures, cancellation);
        foreach (var container in actions.InitToStart)
        {
            // Without a preparing step there is no next one; a sidecar that fails keeps nobody from trying.
            if (!await StartAsync(pass, container, ContainerRole.Init, failures, cancellation) && !PodContainers.IsSidecar(container))
                return new(failures.Reasons, failures.RetryAfter);
        }

        foreach (var container in actions.ToStart)
            await StartAsync(pass, container, ContainerRole.Regular, failures, cancellation);
        return new(failures.Reasons, failures.RetryAfter);
    }

    private async Task<string> CreateSandboxAsync(PodSandboxConfig config, CancellationToken cancellation)
    {
        Directory.CreateDirectory(config.LogDirectory);
        return await runtime.RunPodSandboxAsync(config, "", cancellation);
    }

    private async Task<bool> StartAsync(PassContext pass, Container container, ContainerRole role, Failures failures, CancellationToken cancellation)
    {
        try
        {
            await starter.StartAsync(pass, container, role, cancellation);
            return true;
        }
        catch (ContainerStartException failed)
        {
            failures.Add(container.Name, failed);
            return false;
        }
        catch (Exception failed) when (failed is RuntimeException or Api.ApiException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            failures.Add(container.Name, new ContainerStartException("CreateContainerConfigError", failed.Message));
            return false;
        }
    }
}
