using Coxswain.Api.Core.V1;
using Coxswain.Node.Probes;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;
using ContainerState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Pods;

/// <summary>Compares what a pod should be with what runs. Pure, so that every rule can be tested without a runtime.</summary>
internal static class PodActionPlanner
{
    public static PodActions Plan(Pod pod, PodRuntimeStatus status, IProbeResults probes)
    {
        var newest = status.Sandbox;
        if (NeedsSandbox(pod, status))
            return PlanNewSandbox(pod, status, newest is null ? 0 : newest.Metadata.Attempt + 1);

        var plan = new Draft();
        foreach (var ephemeral in pod.Spec.EphemeralContainers)
        {
            // An ephemeral container is started once, and before the pod is initialized if need be: it is there to find out why it is not.
            if (status.Find(ephemeral.Name) is null)
                plan.Ephemeral.Add(PodContainers.AsContainer(ephemeral));
        }

        var initialized = PlanInit(pod, status, probes, plan);
        if (initialized && !plan.KillPod)
            PlanRegular(pod, status, probes, plan);

        return new()
        {
            KillPod = plan.KillPod,
            SandboxId = newest!.Id,
            Attempt = newest.Metadata.Attempt,
            ToKill = plan.Kill,
            EphemeralToStart = plan.Ephemeral,
            InitToStart = plan.KillPod ? [] : plan.Init,
            ToStart = plan.Regular,
        };
    }

    /// <summary>Whether any regular container was ever created, which means that initialization had been finished.</summary>
    public static bool HasInitialized(Pod pod, PodRuntimeStatus status) =>
        pod.Spec.Containers.Any(container => status.Find(container.Name) is { State: not ContainerState.Unknown });

    private sealed class Draft
    {
        public bool KillPod;
        public List<ContainerToKill> Kill { get; } = [];
        public List<Container> Ephemeral { get; } = [];
        public List<Container> Init { get; } = [];
        public List<Container> Regular { get; } = [];
    }

    private static bool NeedsSandbox(Pod pod, PodRuntimeStatus status)
    {
        if (status.Sandbox is not { State: PodSandboxState.Ready } sandbox)
            return true;
        if (status.Sandboxes.Count(other => other.State == PodSandboxState.Ready) > 1)
            return true;
        if (sandbox.NamespaceOptions.Network != (pod.Spec.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod))
            return true;
        return !pod.Spec.HostNetwork && sandbox.IPs.Count == 0;
    }

    private static PodActions PlanNewSandbox(Pod pod, PodRuntimeStatus status, uint attempt)
    {
        var killOnly = new PodActions { KillPod = true, Attempt = attempt };
        if (!RestartRules.RestartsOnFailure(pod) && attempt != 0 && status.Containers.Count > 0)
            return killOnly;

        var toStart = pod.Spec.Containers.Where(container => !HasSucceeded(pod, container, status)).ToArray();
        if (toStart.Length == 0 && HasInitialized(pod, status))
            return killOnly;

        // A new sandbox means that the pod begins anew, initialization included.
        var plan = killOnly with { CreateSandbox = true };
        return pod.Spec.InitContainers.Count > 0
            ? plan with { InitToStart = [pod.Spec.InitContainers[0]] }
            : plan with { ToStart = toStart };
    }

    private static bool HasSucceeded(Pod pod, Container container, PodRuntimeStatus status) =>
        string.Equals(pod.Spec.RestartPolicy, RestartPolicy.OnFailure, StringComparison.Ordinal)
        && status.Find(container.Name) is { State: ContainerState.Exited, Status.ExitCode: 0 };

    /// <summary>Goes backwards to the furthest init container that was begun; returns whether all of them are through.</summary>
    private static bool PlanInit(Pod pod, PodRuntimeStatus status, IProbeResults probes, Draft plan)
    {
        var containers = pod.Spec.InitContainers;
        if (containers.Count == 0)
            return true;

        var before = HasInitialized(pod, status);
        var initialized = before;
        var furthestSeen = before;
        for (var i = containers.Count - 1; i >= 0; i--)
        {
            var container = containers[i];
            var sidecar = PodContainers.IsSidecar(container);
            if (status.Find(container.Name) is not { } instance)
            {
                // Begun in a former life and its traces collected: only a sidecar is needed again.
                if (furthestSeen && sidecar)
                    plan.Init.Add(container);
                continue;
            }

            if (furthestSeen && !sidecar)
                continue;

            var first = !furthestSeen;
            furthestSeen = true;
            var through = sidecar
                ? PlanSidecar(container, instance, probes, plan)
                : PlanInitContainer(pod, container, instance, plan);
            if (plan.KillPod)
                return false;
            if (!first || !through)
                continue;
            if (i == containers.Count - 1)
                initialized = true;
            else
                plan.Init.Add(containers[i + 1]);
        }

        if (!furthestSeen)
            plan.Init.Add(containers[0]);
        plan.Init.Sort((a, b) => IndexOf(pod, a).CompareTo(IndexOf(pod, b)));
        return initialized;
    }

    private static int IndexOf(Pod pod, Container container)
    {
        for (var i = 0; i < pod.Spec.InitContainers.Count; i++)
        {
            if (ReferenceEquals(pod.Spec.InitContainers[i], container))
                return i;
        }

        return -1;
    }

    private static bool PlanInitContainer(Pod pod, Container container, ContainerInstance instance, Draft plan)
    {
        switch (instance.State)
        {
            case ContainerState.Running:
                return false;
            case ContainerState.Exited when instance.Status.ExitCode == 0:
                return true;
            case ContainerState.Created:
                plan.Init.Add(container);
                return false;
        }

        if (!RestartRules.AfterExit(pod, container, instance.State == ContainerState.Exited ? instance.Status.ExitCode : 1))
        {
            plan.KillPod = true;
            return false;
        }

        if (instance.State == ContainerState.Unknown)
            plan.Kill.Add(new(container.Name, instance, $"Init container is in \"{instance.State}\" state, try killing it before restart", KillReason.Other));
        plan.Init.Add(container);
        return false;
    }

    /// <summary>Returns whether what comes after the sidecar may start.</summary>
    private static bool PlanSidecar(Container container, ContainerInstance instance, IProbeResults probes, Draft plan)
    {
        if (instance.State != ContainerState.Running)
        {
            if (instance.State == ContainerState.Unknown)
                plan.Kill.Add(new(container.Name, instance, $"Init container is in \"{instance.State}\" state, try killing it before restart", KillReason.Other));
            plan.Init.Add(container);
            return false;
        }

        if (container.StartupProbe is not null && probes.Startup(instance.Id) is var startup and not ProbeResult.Success)
        {
            if (startup == ProbeResult.Failure)
                Restart($"Init container {container.Name} failed startup probe", KillReason.StartupProbe);
            return false;
        }

        if (!string.Equals(instance.Hash, ContainerHash.Of(container), StringComparison.Ordinal))
            Restart($"Init container {container.Name} definition changed", KillReason.Other);
        else if (probes.Liveness(instance.Id) == ProbeResult.Failure)
            Restart($"Init container {container.Name} failed liveness probe", KillReason.LivenessProbe);
        return true;

        void Restart(string message, KillReason reason)
        {
            plan.Kill.Add(new(container.Name, instance, message + ", will be restarted", reason));
            plan.Init.Add(container);
        }
    }

    private static void PlanRegular(Pod pod, PodRuntimeStatus status, IProbeResults probes, Draft plan)
    {
        var kept = 0;
        foreach (var container in pod.Spec.Containers)
        {
            var instance = status.Find(container.Name);
            if (instance is not { State: ContainerState.Running })
            {
                if (!RestartRules.ShouldRestart(pod, container, status))
                    continue;
                plan.Regular.Add(container);
                if (instance is { State: ContainerState.Unknown })
                    plan.Kill.Add(new(container.Name, instance, $"Container is in \"{instance.State}\" state, try killing it before restart", KillReason.Other));
                continue;
            }

            string message;
            var restart = RestartRules.AfterExit(pod, container, exitCode: 137);
            var reason = KillReason.Other;
            if (!string.Equals(instance.Hash, ContainerHash.Of(container), StringComparison.Ordinal))
            {
                // The definition changed, so this is not a failure and the restart policy has no say.
                restart = true;
                message = $"Container {container.Name} definition changed";
            }
            else if (probes.Liveness(instance.Id) == ProbeResult.Failure)
            {
                message = $"Container {container.Name} failed liveness probe";
                reason = KillReason.LivenessProbe;
            }
            else if (probes.Startup(instance.Id) == ProbeResult.Failure)
            {
                message = $"Container {container.Name} failed startup probe";
                reason = KillReason.StartupProbe;
            }
            else
            {
                kept++;
                continue;
            }

            if (restart)
            {
                message += ", will be restarted";
                plan.Regular.Add(container);
            }

            plan.Kill.Add(new(container.Name, instance, message, reason));
        }

        // Nothing is left to do: sidecars must not keep the pod alive.
        if (kept == 0 && plan.Regular.Count == 0)
            plan.KillPod = true;
    }
}
