using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Simulation;

/// <summary>What a kubelet would write of its node and its pods. Pure.</summary>
internal static class SimulatedObjects
{
    /// <summary>Tells simulated nodes from others.</summary>
    public const string Label = "coxswain.local/simulated";

    public const string LeaseNamespace = "kube-node-lease";

    public static Node Node(SimulationOptions options, int index, DateTimeOffset now)
    {
        var name = SimulationOptions.NameOf(index);
        return new()
        {
            Metadata = new()
            {
                Name = name,
                Labels = ApiMap.Of("kubernetes.io/hostname", name)
                    .With("kubernetes.io/os", "linux").With("kubernetes.io/arch", "amd64")
                    .With("beta.kubernetes.io/os", "linux").With("beta.kubernetes.io/arch", "amd64")
                    .With("topology.kubernetes.io/region", "simulated")
                    .With("topology.kubernetes.io/zone", string.Create(CultureInfo.InvariantCulture, $"zone-{index % Math.Max(1, options.Zones)}"))
                    .With(Label, "true"),
            },
            Status = new()
            {
                Capacity = options.Capacity,
                Allocatable = options.Capacity,
                Addresses = [new() { Type = "InternalIP", Address = HostAddress(index) }, new() { Type = "Hostname", Address = name }],
                NodeInfo = new()
                {
                    MachineID = name, SystemUUID = name, BootID = name, KernelVersion = "simulated", OsImage = "simulated",
                    ContainerRuntimeVersion = "simulated://1", KubeletVersion = options.Version, OperatingSystem = "linux", Architecture = "amd64",
                },
                Conditions =
                [
                    Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                    Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                    Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                    Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
                ],
            },
        };

        NodeCondition Condition(string type, string status, string reason, string message) =>
            new() { Type = type, Status = status, Reason = reason, Message = message, LastHeartbeatTime = now, LastTransitionTime = now };
    }

    public static Lease Lease(SimulationOptions options, Node node, DateTimeOffset now) => new()
    {
        Metadata = new()
        {
            Name = node.Metadata.Name,
            Namespace = LeaseNamespace,
            OwnerReferences = [new() { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid }],
        },
        Spec = new()
        {
            HolderIdentity = node.Metadata.Name,
            LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds,
            RenewTime = now,
        },
    };

    /// <summary>The status of a pod all of whose containers run and are ready; conditions of others stay.</summary>
    public static PodStatus Running(Pod pod, string podAddress, string hostAddress, DateTimeOffset now)
    {
        var conditions = new List<PodCondition>();
        foreach (var type in (ReadOnlySpan<string>)["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"])
            conditions.Add(new() { Type = type, Status = "True", LastTransitionTime = now, ObservedGeneration = pod.Metadata.Generation });
        foreach (var other in pod.Status.Conditions)
        {
            if (conditions.TrueForAll(c => c.Type != other.Type))
                conditions.Add(other);
        }

        return pod.Status with
        {
            Phase = "Running",
            HostIP = hostAddress,
            HostIPs = [new() { Ip = hostAddress }],
            PodIP = podAddress,
            PodIPs = [new() { Ip = podAddress }],
            StartTime = pod.Status.StartTime ?? now,
            ObservedGeneration = pod.Metadata.Generation,
            Conditions = conditions.ToApiList(),
            InitContainerStatuses = pod.Spec.InitContainers.Select(c => Status(pod, c, now, c.RestartPolicy == "Always")).ToApiList(),
            ContainerStatuses = pod.Spec.Containers.Select(c => Status(pod, c, now, runs: true)).ToApiList(),
        };
    }

    public static string HostAddress(int index) => Address(172u << 24 | 16u << 16, index + 1);

    /// <summary>The n-th address of pods.</summary>
    public static string PodAddress(int n) => Address(10u << 24 | 128u << 16, (n & 0x7f_ffff) + 1);

    private static string Address(uint network, int n)
    {
        var address = network + (uint)n;
        return string.Create(CultureInfo.InvariantCulture, $"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}");
    }

    private static ContainerStatus Status(Pod pod, Container container, DateTimeOffset now, bool runs) => new()
    {
        Name = container.Name,
        Image = container.Image,
        ImageID = container.Image,
        ContainerID = $"simulated://{pod.Metadata.Uid}/{container.Name}",
        Ready = true,
        Started = runs,
        State = runs
            ? new() { Running = new() { StartedAt = now } }
            : new() { Terminated = new() { ExitCode = 0, Reason = "Completed", StartedAt = now, FinishedAt = now } },
    };
}
