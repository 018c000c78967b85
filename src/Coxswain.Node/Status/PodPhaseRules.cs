using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;

namespace Coxswain.Node.Status;

/// <summary>The phase of a pod out of the states of its containers. Pure.</summary>
internal static class PodPhaseRules
{
    public static string Of(
        Pod pod, ApiList<ContainerStatus> init, ApiList<ContainerStatus> regular, bool terminal, bool initialized)
    {
        var pendingInit = 0;
        var pendingSidecars = 0;
        int unknown = 0, running = 0, waiting = 0, stopped = 0, succeeded = 0;
        foreach (var container in pod.Spec.InitContainers)
        {
            var status = Find(init, container.Name);
            if (PodContainers.IsSidecar(container))
            {
                switch (status)
                {
                    case { State.Running: not null }:
                        running++;
                        pendingSidecars += status.Started == true ? 0 : 1;
                        break;
                    case { State.Terminated: not null } or { State.Waiting: not null, LastState.Terminated: not null }:
                        break; // a dead sidecar says nothing about the pod
                    default:
                        pendingSidecars++;
                        break;
                }

                continue;
            }

            var ended = status?.State.Terminated ?? (status?.State.Waiting is not null ? status.LastState.Terminated : null);
            if (ended is null)
                pendingInit++;
            else if (ended.ExitCode != 0 && !RestartRules.AfterExit(pod, container, ended.ExitCode))
                return PodPhase.Failed;
            else if (ended.ExitCode != 0)
                pendingInit++;
        }

        var restarts = false;
        foreach (var container in pod.Spec.Containers)
        {
            switch (Find(regular, container.Name))
            {
                case { State.Running: not null }:
                    running++;
                    break;
                case { State.Terminated: { } ended }:
                    stopped++;
                    succeeded += ended.ExitCode == 0 ? 1 : 0;
                    restarts |= RestartRules.AfterExit(pod, container, ended.ExitCode);
                    break;
                case { State.Waiting: not null, LastState.Terminated: not null }:
                    stopped++;
                    restarts = true;
                    break;
                case { State.Waiting: not null }:
                    waiting++;
                    break;
                default:
                    unknown++;
                    break;
            }
        }

        if (!terminal && (pendingInit > 0 || (pendingSidecars > 0 && !initialized)))
            return PodPhase.Pending;
        if (waiting > 0 && !terminal)
            return PodPhase.Pending;
        if (running > 0 && unknown == 0 && (stopped == 0 || stopped < pod.Spec.Containers.Count || restarts))
            return PodPhase.Running;
        if (stopped == pod.Spec.Containers.Count && stopped > 0)
        {
            if (!terminal && restarts)
                return PodPhase.Running;
            return succeeded == stopped ? PodPhase.Succeeded : PodPhase.Failed;
        }

        if (terminal && running == 0)
            return PodPhase.Failed;
        return running > 0 ? PodPhase.Running : PodPhase.Pending;
    }

    private static ContainerStatus? Find(ApiList<ContainerStatus> statuses, string name)
    {
        foreach (var status in statuses)
        {
            if (string.Equals(status.Name, name, StringComparison.Ordinal))
                return status;
        }

        return null;
    }
}
