using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;
using RuntimeState = Coxswain.Node.Runtime.ContainerState;

namespace Coxswain.Node.Status;

/// <summary>Statuses of containers out of their instances. Pure.</summary>
internal static class ContainerStatusBuilder
{
    private const string StatusUnknown = "ContainerStatusUnknown";

    public static ApiList<ContainerStatus> Build(PodStatusInput input, ApiList<Container> containers, ContainerRole role, bool initialized)
    {
        var old = role switch
        {
            ContainerRole.Init => input.Old.InitContainerStatuses,
            ContainerRole.Ephemeral => input.Old.EphemeralContainerStatuses,
            _ => input.Old.ContainerStatuses,
        };
        var statuses = new List<ContainerStatus>(containers.Count);
        foreach (var container in containers)
        {
            var before = old.FirstOrDefault(status => string.Equals(status.Name, container.Name, StringComparison.Ordinal));
            var now = Of(input, container, role, before, initialized);
            statuses.Add(WithReadiness(input, container, role, now));
        }

        return statuses.ToApiList();
    }

    private static ContainerStatus Of(PodStatusInput input, Container container, ContainerRole role, ContainerStatus? before, bool initialized)
    {
        var instances = input.Runtime.Containers.Where(c => string.Equals(c.Name, container.Name, StringComparison.Ordinal)).Take(2).ToArray();
        var basis = new ContainerStatus { Name = container.Name, Image = container.Image, RestartCount = before?.RestartCount ?? 0 };
        if (instances.Length == 0)
            return WithoutInstance(input, container, role, before, basis, initialized);

        var newest = instances[0];
        var status = basis with
        {
            State = StateOf(input, newest, before),
            LastState = instances.Length > 1 && instances[1].State == RuntimeState.Exited
                ? new() { Terminated = Terminated(input, instances[1]) }
                : LastStateWithoutInstance(input, newest, before),
            RestartCount = newest.RestartCount,
            Image = newest.Status.Image.Image,
            ImageID = newest.Status.ImageRef,
            ContainerID = IdOf(input, newest),
        };
        if (newest.State == RuntimeState.Running)
        {
            status = status with
            {
                Resources = role == ContainerRole.Ephemeral ? null : container.Resources with { Claims = default },
                AllocatedResources = role == ContainerRole.Ephemeral ? default : container.Resources.Requests,
                VolumeMounts = container.VolumeMounts.Select(MountStatus).ToApiList(),
            };
        }

        // What will be started again waits, if there is something to tell about the wait.
        if (!input.Terminal && input.WaitReasons.TryGetValue(container.Name, out var wait)
            && newest.State != RuntimeState.Running && RestartRules.ShouldRestart(input.Pod, container, input.Runtime))
        {
            status = status with
            {
                LastState = status.State.Terminated is null ? status.LastState : status.State,
                State = Waiting(wait.Reason, wait.Message),
            };
        }

        return status;
    }

    private static ContainerStatus WithoutInstance(
        PodStatusInput input, Container container, ContainerRole role, ContainerStatus? before, ContainerStatus basis, bool initialized)
    {
        if (role == ContainerRole.Init && initialized && !PodContainers.IsSidecar(container) && before?.State.Terminated is not null)
            return before; // it was done, and its traces have been collected
        if (before?.State.Terminated is not null && !RestartRules.AfterExit(input.Pod, container, before.State.Terminated.ExitCode))
            return before;
        if (input.Pod.Metadata.DeletionTimestamp is not null || input.Terminal)
        {
            if (before?.State.Terminated is not null)
                return before;
            return (before ?? basis) with
            {
                State = new()
                {
                    Terminated = new()
                    {
                        Reason = StatusUnknown,
                        Message = "The container could not be located when the pod was terminated",
                        ExitCode = 137,
                    },
                },
                Ready = false,
                Started = false,
            };
        }

        var status = basis with
        {
            LastState = before?.State.Terminated is not null ? before.State
                : before?.State.Running is { } lost
                    ? new()
                    {
                        Terminated = new()
                        {
                            Reason = StatusUnknown,
                            Message = "The container could not be located when the pod was deleted.  The container used to be Running",
                            ExitCode = 137,
                            StartedAt = lost.StartedAt,
                        },
                    }
                    : before?.LastState ?? ContainerState.Empty,
        };
        if (input.WaitReasons.TryGetValue(container.Name, out var wait))
            return status with { State = Waiting(wait.Reason, wait.Message) };
        // Before initialization is through, regular containers wait for it.
        var reason = input.Pod.Spec.InitContainers.Count > 0 && (role == ContainerRole.Init || !initialized) ? "PodInitializing" : "ContainerCreating";
        return status with { State = Waiting(reason, "") };
    }

    private static ContainerState StateOf(PodStatusInput input, ContainerInstance instance, ContainerStatus? before)
    {
        switch (instance.State)
        {
            case RuntimeState.Running:
                return new() { Running = new() { StartedAt = Seconds(instance.Status.StartedAt) } };
            case RuntimeState.Exited:
                return new() { Terminated = Terminated(input, instance) };
            case RuntimeState.Created:
                return Waiting("", "");
            default:
                if (before?.State.Running is { } running)
                {
                    return new()
                    {
                        Terminated = new()
                        {
                            Reason = StatusUnknown,
                            Message = "The container could not be located when the pod was terminated",
                            ExitCode = 137,
                            StartedAt = running.StartedAt,
                            ContainerID = IdOf(input, instance),
                        },
                    };
                }

                return Waiting("", "");
        }
    }

    private static ContainerState LastStateWithoutInstance(PodStatusInput input, ContainerInstance newest, ContainerStatus? before)
    {
        if (before is null)
            return ContainerState.Empty;
        // The one before has been collected; remember what was told of it.
        if (string.Equals(before.ContainerID, IdOf(input, newest), StringComparison.Ordinal))
            return before.LastState;
        return before.State.Terminated is not null ? before.State : before.LastState;
    }

    private static ContainerStateTerminated Terminated(PodStatusInput input, ContainerInstance instance) => new()
    {
        ExitCode = instance.Status.ExitCode,
        Reason = instance.Status.Reason.Length > 0 ? instance.Status.Reason : instance.Status.ExitCode == 0 ? "Completed" : "Error",
        Message = instance.Status.Message,
        StartedAt = Seconds(instance.Status.StartedAt),
        FinishedAt = Seconds(instance.Status.FinishedAt),
        ContainerID = IdOf(input, instance),
    };

    private static ContainerStatus WithReadiness(PodStatusInput input, Container container, ContainerRole role, ContainerStatus status)
    {
        if (role == ContainerRole.Ephemeral)
            return status with { Ready = false, Started = null };
        var running = status.State.Running is not null;
        if (role == ContainerRole.Init && !PodContainers.IsSidecar(container))
            return status with { Ready = status.State.Terminated is { ExitCode: 0 }, Started = running };

        var id = status.ContainerID[(status.ContainerID.IndexOf("://", StringComparison.Ordinal) is var at and >= 0 ? at + 3 : 0)..];
        var started = running && (container.StartupProbe is null || input.Probes.Startup(id) == ProbeResult.Success);
        var ready = started && (container.ReadinessProbe is null || input.Probes.Readiness(id) == ProbeResult.Success);
        return status with { Started = started, Ready = ready };
    }

    private static VolumeMountStatus MountStatus(VolumeMount mount) => new()
    {
        Name = mount.Name,
        MountPath = mount.MountPath,
        ReadOnly = mount.ReadOnly,
        RecursiveReadOnly = mount.ReadOnly ? mount.RecursiveReadOnly ?? RecursiveReadOnlyMode.Disabled : null,
    };

    private static ContainerState Waiting(string reason, string message) => new() { Waiting = new() { Reason = reason, Message = message } };

    private static string IdOf(PodStatusInput input, ContainerInstance instance) => $"{input.RuntimeName}://{instance.Id}";

    private static DateTimeOffset? Seconds(DateTimeOffset? time) => time is { } exact ? PodStatusBuilder.TruncateToSecond(exact) : null;
}
