using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.ApiServer.Tables.Core;

internal static class PodColumns
{
    public static TableColumns Pods { get; } = TableColumns.For<Pod>()
        .Name()
        .Add("Ready", pod => Summary.Of(pod).Ready, description: "How many of the containers are ready.")
        .Add("Status", pod => Summary.Of(pod).Reason, description: "The phase, or what keeps the pod from running.")
        .Add("Restarts", (pod, now) => Summary.Of(pod).RestartText(now), description: "How often containers were started again, and when last.")
        .Age()
        .Wide("IP", pod => TableText.OrNone(pod.Status.PodIPs.Count > 0 ? pod.Status.PodIPs[0].Ip : pod.Status.PodIP))
        .Wide("Node", pod => TableText.OrNone(pod.Spec.NodeName))
        .Wide("Nominated Node", pod => TableText.OrNone(pod.Status.NominatedNodeName))
        .Wide("Readiness Gates", ReadinessGates)
        .RowConditions(pod => pod.Status.Phase switch
        {
            "Succeeded" => Completed("Succeeded", "The pod has completed successfully."),
            "Failed" => Completed("Failed", "The pod failed."),
            _ => default,
        })
        .Build();

    private static ApiList<TableRowCondition> Completed(string reason, string message) =>
        [new() { Type = "Completed", Status = "True", Reason = reason, Message = message }];

    private static Cell ReadinessGates(Pod pod)
    {
        var gates = pod.Spec.ReadinessGates;
        if (gates.Count == 0)
            return TableText.None;
        var passed = gates.Count(gate => pod.Status.Conditions.Any(condition => condition.Type == gate.ConditionType && condition.Status == "True"));
        return $"{passed}/{gates.Count}";
    }

    /// <summary>What a pod's row says, gathered from all its containers.</summary>
    private sealed class Summary
    {
        private int _ready;
        private int _total;
        private int _restarts;
        private DateTimeOffset? _lastRestart;

        // Three columns of one row ask for the same pod, one after the other.
        [ThreadStatic]
        private static (Pod Pod, Summary Summary)? _latest;

        public string Reason { get; private set; } = "";

        public string Ready => $"{_ready}/{_total}";

        public static Summary Of(Pod pod)
        {
            if (_latest is { } latest && ReferenceEquals(latest.Pod, pod))
                return latest.Summary;
            var summary = new Summary();
            summary.Read(pod);
            _latest = (pod, summary);
            return summary;
        }

        public Cell RestartText(DateTimeOffset now) =>
            _restarts != 0 && _lastRestart is { } last ? $"{_restarts} ({HumanDuration.Since(last, now)} ago)" : $"{_restarts}";

        private void Read(Pod pod)
        {
            var status = pod.Status;
            Reason = status.Reason.Length > 0 ? status.Reason : status.Phase;
            if (status.Conditions.Any(condition => condition.Type == "PodScheduled" && condition.Reason == "SchedulingGated"))
                Reason = "SchedulingGated";

            // 1. Init containers; those that restart (sidecars) count like the others.
            var sidecars = pod.Spec.InitContainers.Where(container => container.RestartPolicy == "Always").Select(container => container.Name).ToHashSet();
            _total = pod.Spec.Containers.Count + sidecars.Count;
            var initializing = ReadInitContainers(pod, sidecars);

            // 2. The containers, once init containers are through.
            if (!initializing || status.Conditions.Any(condition => condition.Type == "Initialized" && condition.Status == "True"))
                ReadContainers(pod, sidecars);

            // 3. A deletion covers everything.
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                if (status.Reason == "NodeLost")
                    Reason = "Unknown";
                else if (status.Phase is not ("Succeeded" or "Failed"))
                    Reason = "Terminating";
            }
        }

        private bool ReadInitContainers(Pod pod, HashSet<string> sidecars)
        {
            var statuses = pod.Status.InitContainerStatuses;
            for (var i = 0; i < statuses.Count; i++)
            {
                var container = statuses[i];
                Count(container);
                if (container.State.Terminated is { ExitCode: 0 })
                    continue;
                if (sidecars.Contains(container.Name) && container.Started == true)
                {
                    if (container.Ready)
                        _ready++;
                    continue;
                }

                if (container.State.Terminated is { } terminated)
                    Reason = "Init:" + Ended(terminated);
                else if (container.State.Waiting is { Reason.Length: > 0, Reason: not "PodInitializing" } waiting)
                    Reason = "Init:" + waiting.Reason;
                else
                    Reason = $"Init:{i}/{pod.Spec.InitContainers.Count}";
                return true;
            }

            return false;
        }

        private void ReadContainers(Pod pod, HashSet<string> sidecars)
        {
            _restarts = 0;
            _lastRestart = null;
            foreach (var container in pod.Status.InitContainerStatuses)
            {
                if (sidecars.Contains(container.Name))
                    Count(container);
            }

            var anyRuns = false;
            foreach (var container in pod.Status.ContainerStatuses.Reverse())
            {
                Count(container);
                if (container.State.Waiting is { Reason.Length: > 0 } waiting)
                {
                    Reason = waiting.Reason;
                }
                else if (container.State.Terminated is { } terminated)
                {
                    Reason = Ended(terminated);
                }
                else if (container.Ready && container.State.Running is not null)
                {
                    anyRuns = true;
                    _ready++;
                }
            }

            // One container that is done does not end the pod while another runs.
            if (Reason == "Completed" && anyRuns)
                Reason = pod.Status.Conditions.Any(condition => condition.Type == "Ready" && condition.Status == "True") ? "Running" : "NotReady";
        }

        private void Count(ContainerStatus container)
        {
            _restarts += container.RestartCount;
            if (container.LastState.Terminated?.FinishedAt is { } finished && (_lastRestart is null || finished > _lastRestart))
                _lastRestart = finished;
        }

        private static string Ended(ContainerStateTerminated terminated) =>
            terminated.Reason.Length > 0 ? terminated.Reason
            : terminated.Signal != 0 ? $"Signal:{terminated.Signal}"
            : $"ExitCode:{terminated.ExitCode}";
    }
}
