using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using RuntimeSandboxState = Coxswain.Node.Runtime.PodSandboxState;

namespace Coxswain.Node.Status;

/// <summary>The conditions that a node states of a pod; those of others are kept as they are. Pure.</summary>
internal static class PodConditions
{
    public const string ReadyToStartContainers = "PodReadyToStartContainers";

    /// <summary>Reason of a pod that used more than it may.</summary>
    public const string Evicted = "Evicted";

    private const string DisruptionTarget = "DisruptionTarget";

    private static readonly string[] Own = [ReadyToStartContainers, "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    public static ApiList<PodCondition> Of(PodStatusInput input, PodStatus status)
    {
        var containersReady = ContainersReady(input.Pod, status);
        PodCondition[] stated =
        [
            new() { Type = ReadyToStartContainers, Status = HasNetwork(input) ? "True" : "False" },
            Initialized(input.Pod, status),
            Ready(input.Pod, status, containersReady),
            containersReady,
            new() { Type = "PodScheduled", Status = "True" },
        ];

        var now = PodStatusBuilder.TruncateToSecond(input.Now);
        var conditions = new List<PodCondition>();
        foreach (var condition in stated)
        {
            var before = Find(input.Old.Conditions, condition.Type);
            conditions.Add(condition with
            {
                ObservedGeneration = input.Pod.Metadata.Generation,
                LastTransitionTime = before?.Status == condition.Status && before.LastTransitionTime is { } since ? since : now,
                LastProbeTime = before?.LastProbeTime,
            });
        }

        // A budget for disruptions counts pods that are taken away, and this says that one is.
        if (input.Reason == Evicted && Find(input.Old.Conditions, DisruptionTarget) is null)
        {
            conditions.Add(new()
            {
                Type = DisruptionTarget,
                Status = "True",
                Reason = "TerminationByKubelet",
                Message = input.Message,
                ObservedGeneration = input.Pod.Metadata.Generation,
                LastTransitionTime = now,
            });
        }

        conditions.AddRange(input.Old.Conditions.Where(other => !Own.Contains(other.Type, StringComparer.Ordinal)));
        return conditions.ToApiList();
    }

    public static bool IsOwn(string type) => Own.Contains(type, StringComparer.Ordinal);

    public static PodCondition? Find(ApiList<PodCondition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (string.Equals(condition.Type, type, StringComparison.Ordinal))
                return condition;
        }

        return null;
    }

    private static bool HasNetwork(PodStatusInput input) =>
        input.Runtime.Sandbox is { State: RuntimeSandboxState.Ready } sandbox && (input.Pod.Spec.HostNetwork || sandbox.IPs.Count > 0);

    private static PodCondition Initialized(Pod pod, PodStatus status)
    {
        var condition = new PodCondition { Type = "Initialized", Status = "True" };
        if (pod.Spec.InitContainers.Count == 0)
            return condition;
        if (status.Phase == PodPhase.Succeeded)
            return condition with { Reason = "PodCompleted" };
        // A regular container that runs, or ran, proves that initialization is past.
        if (status.ContainerStatuses.Any(c => c.State.Running is not null || c.State.Terminated is not null || c.LastState.Terminated is not null))
            return condition;

        var incomplete = new List<string>();
        foreach (var container in pod.Spec.InitContainers)
        {
            var found = status.InitContainerStatuses.FirstOrDefault(c => string.Equals(c.Name, container.Name, StringComparison.Ordinal));
            var done = PodContainers.IsSidecar(container) ? found?.Started == true : found?.Ready == true;
            if (!done)
                incomplete.Add(container.Name);
        }

        return incomplete.Count == 0
            ? condition
            : condition with
            {
                Status = "False",
                Reason = "ContainersNotInitialized",
                Message = $"containers with incomplete status: [{string.Join(' ', incomplete)}]",
            };
    }

    private static PodCondition ContainersReady(Pod pod, PodStatus status)
    {
        var condition = new PodCondition { Type = "ContainersReady", Status = "False" };
        switch (status.Phase)
        {
            case PodPhase.Succeeded:
                return condition with { Reason = "PodCompleted" };
            case PodPhase.Failed:
                return condition with { Reason = "PodFailed" };
        }

        var unready = new List<string>();
        foreach (var container in pod.Spec.InitContainers.Where(PodContainers.IsSidecar))
            Check(container.Name, status.InitContainerStatuses);
        foreach (var container in pod.Spec.Containers)
            Check(container.Name, status.ContainerStatuses);
        return unready.Count == 0
            ? condition with { Status = "True" }
            : condition with { Reason = "ContainersNotReady", Message = $"containers with unready status: [{string.Join(' ', unready)}]" };

        void Check(string name, ApiList<ContainerStatus> statuses)
        {
            if (!statuses.Any(c => c.Ready && string.Equals(c.Name, name, StringComparison.Ordinal)))
                unready.Add(name);
        }
    }

    private static PodCondition Ready(Pod pod, PodStatus status, PodCondition containersReady)
    {
        if (containersReady.Status != "True")
            return containersReady with { Type = "Ready" };
        var problems = new List<string>();
        foreach (var gate in pod.Spec.ReadinessGates)
        {
            if (Find(status.Conditions, gate.ConditionType) is not { } condition)
                problems.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            else if (condition.Status != "True")
                problems.Add($"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}");
        }

        return problems.Count == 0
            ? new() { Type = "Ready", Status = "True" }
            : new() { Type = "Ready", Status = "False", Reason = "ReadinessGatesNotReady", Message = string.Join(", ", problems) };
    }
}
