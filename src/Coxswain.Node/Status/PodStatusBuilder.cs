using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Probes;

namespace Coxswain.Node.Status;

/// <summary>Everything from which a pod's status follows.</summary>
internal sealed record PodStatusInput
{
    public required Pod Pod { get; init; }

    /// <summary>What was last told to the API server.</summary>
    public required PodStatus Old { get; init; }

    public required PodRuntimeStatus Runtime { get; init; }
    public required IProbeResults Probes { get; init; }

    /// <summary>Why containers wait, by name.</summary>
    public required IReadOnlyDictionary<string, WaitReason> WaitReasons { get; init; }

    public required NodeContext Node { get; init; }

    /// <summary>The scheme of container ids: containerd.</summary>
    public required string RuntimeName { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>The pod is over whatever its restart policy: deleted, evicted, past its deadline.</summary>
    public bool Terminal { get; init; }

    /// <summary>Set together when the pod was ended from outside.</summary>
    public string Phase { get; init; } = "";

    public string Reason { get; init; } = "";
    public string Message { get; init; } = "";
}

internal sealed record WaitReason(string Reason, string Message);

/// <summary>Makes the status of a pod from what runs. Pure.</summary>
internal static class PodStatusBuilder
{
    public static PodStatus Build(PodStatusInput input)
    {
        var pod = input.Pod;
        var initialized = PodActionPlanner.HasInitialized(pod, input.Runtime);
        var init = ContainerStatusBuilder.Build(input, pod.Spec.InitContainers, ContainerRole.Init, initialized);
        var regular = ContainerStatusBuilder.Build(input, pod.Spec.Containers, ContainerRole.Regular, initialized);
        var ephemeral = ContainerStatusBuilder.Build(
            input, [.. pod.Spec.EphemeralContainers.Select(PodContainers.AsContainer)], ContainerRole.Ephemeral, initialized);

        var old = input.Old.Phase;
        var phase = input.Phase.Length > 0 ? input.Phase
            // Over is over: a terminal phase never changes.
            : old is PodPhase.Succeeded or PodPhase.Failed ? old
            : PodPhaseRules.Of(pod, init, regular, input.Terminal, initialized);
        var ips = PodIPs(input);
        var status = input.Old with
        {
            ObservedGeneration = pod.Metadata.Generation,
            Phase = phase,
            Reason = input.Reason.Length > 0 ? input.Reason : old == phase ? input.Old.Reason : "",
            Message = input.Message.Length > 0 ? input.Message : old == phase ? input.Old.Message : "",
            HostIP = input.Node.HostIPs.Count > 0 ? input.Node.HostIPs[0] : "",
            HostIPs = input.Node.HostIPs.Select(ip => new HostIP { Ip = ip }).ToApiList(),
            PodIP = ips.Count > 0 ? ips[0] : "",
            PodIPs = ips.Select(ip => new PodIP { Ip = ip }).ToApiList(),
            StartTime = input.Old.StartTime ?? TruncateToSecond(input.Now),
            InitContainerStatuses = init,
            ContainerStatuses = regular,
            EphemeralContainerStatuses = ephemeral,
            QosClass = input.Old.QosClass.Length > 0 ? input.Old.QosClass : PodQos.ClassOf(pod),
        };
        return status with { Conditions = PodConditions.Of(input, status) };
    }

    /// <summary>A pod that this node refuses.</summary>
    public static PodStatus Rejected(Pod pod, string reason, string message, DateTimeOffset now) => pod.Status with
    {
        ObservedGeneration = pod.Metadata.Generation,
        Phase = PodPhase.Failed,
        Reason = reason,
        Message = "Pod was rejected: " + message,
        QosClass = PodQos.ClassOf(pod),
        StartTime = pod.Status.StartTime ?? TruncateToSecond(now),
    };

    /// <summary>The API keeps whole seconds; comparing with finer ones would find a difference each time.</summary>
    public static DateTimeOffset TruncateToSecond(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);

    private static IReadOnlyList<string> PodIPs(PodStatusInput input)
    {
        if (input.Pod.Spec.HostNetwork)
            return input.Runtime.Sandbox is null && input.Old.PodIPs.Count == 0 ? [] : input.Node.HostIPs;
        // A pod that is over keeps the address it had, as far as readers are concerned.
        return input.Runtime.IPs.Count > 0 ? input.Runtime.IPs : [.. input.Old.PodIPs.Select(ip => ip.Ip)];
    }
}
