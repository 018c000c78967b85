using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Runtime;
using Coxswain.Node.Volumes;

namespace Coxswain.Node.Status;

/// <summary>What is so on a node now.</summary>
internal sealed record NodeObservation
{
    public required MachineFacts Machine { get; init; }
    public required RuntimeVersion Runtime { get; init; }

    /// <summary>Null: the runtime does not answer.</summary>
    public required RuntimeStatus? RuntimeStatus { get; init; }

    /// <summary>The file system of volumes, logs and writable layers.</summary>
    public required FileSystemUse NodeFs { get; init; }

    /// <summary>The file system of images.</summary>
    public required FileSystemUse ImageFs { get; init; }

    public required long MemoryAvailable { get; init; }
    public IReadOnlyList<Runtime.Image> Images { get; init; } = [];
}

/// <summary>Makes the status of the Node. Pure.</summary>
internal static class NodeStatusBuilder
{
    private const int MaxImages = 50;
    private const long MemoryThreshold = 100L * 1024 * 1024;
    private const double NodeFsThreshold = 0.10;
    private const double ImageFsThreshold = 0.15;
    private const double InodesThreshold = 0.05;

    public static NodeStatus Build(NodeAgentOptions options, NodeObservation seen, NodeStatus old, DateTimeOffset now)
    {
        var capacity = Capacity(options, seen);
        return old with
        {
            Capacity = capacity.ToApiMap(),
            Allocatable = Allocatable(options, seen, capacity).ToApiMap(),
            Conditions = Conditions(seen, old, PodStatusBuilder.TruncateToSecond(now)),
            Addresses =
            [
                .. options.NodeIPs.Select(ip => new NodeAddress { Type = NodeAddressType.InternalIP, Address = ip }),
                new NodeAddress { Type = NodeAddressType.Hostname, Address = options.NodeName },
            ],
            DaemonEndpoints = new() { KubeletEndpoint = new() { Port = options.Port } },
            NodeInfo = new()
            {
                MachineID = seen.Machine.MachineId,
                SystemUUID = seen.Machine.SystemUuid,
                BootID = seen.Machine.BootId,
                KernelVersion = seen.Machine.KernelVersion,
                OsImage = seen.Machine.OsImage,
                ContainerRuntimeVersion = $"{seen.Runtime.RuntimeName}://{seen.Runtime.Version}",
                KubeletVersion = options.KubeletVersion,
                OperatingSystem = "linux",
                Architecture = seen.Machine.Architecture,
            },
            Images = seen.Images
                .OrderByDescending(image => image.Size).ThenBy(image => image.Id, StringComparer.Ordinal)
                .Take(MaxImages)
                .Select(image => new ContainerImage { Names = image.RepoDigests.Concat(image.RepoTags).Take(5).ToApiList(), SizeBytes = (long)image.Size })
                .ToApiList(),
        };
    }

    /// <summary>Whether two statuses differ in more than the time they were made.</summary>
    public static bool Differ(NodeStatus a, NodeStatus b) => WithoutHeartbeats(a) != WithoutHeartbeats(b);

    public static NodeCondition? Find(NodeStatus status, string type) =>
        status.Conditions.FirstOrDefault(condition => string.Equals(condition.Type, type, StringComparison.Ordinal));

    private static NodeStatus WithoutHeartbeats(NodeStatus status) =>
        status with { Conditions = status.Conditions.Select(condition => condition with { LastHeartbeatTime = null }).ToApiList() };

    private static Dictionary<string, Quantity> Capacity(NodeAgentOptions options, NodeObservation seen)
    {
        var capacity = new Dictionary<string, Quantity>(StringComparer.Ordinal)
        {
            ["cpu"] = Quantity.FromValue(seen.Machine.ProcessorCount),
            ["memory"] = Quantity.FromValue(seen.Machine.MemoryBytes, QuantityFormat.BinarySI),
            ["pods"] = Quantity.FromValue(options.MaxPods),
            ["ephemeral-storage"] = Quantity.FromValue(seen.NodeFs.Bytes, QuantityFormat.BinarySI),
        };
        foreach (var (size, bytes) in seen.Machine.Hugepages)
            capacity["hugepages-" + size] = Quantity.FromValue(bytes, QuantityFormat.BinarySI);
        return capacity;
    }

    private static Dictionary<string, Quantity> Allocatable(
        NodeAgentOptions options, NodeObservation seen, Dictionary<string, Quantity> capacity)
    {
        var allocatable = new Dictionary<string, Quantity>(capacity, StringComparer.Ordinal);
        Subtract("memory", Quantity.FromValue(MemoryThreshold, QuantityFormat.BinarySI));
        Subtract("ephemeral-storage", Quantity.FromValue((long)(seen.NodeFs.Bytes * NodeFsThreshold)));
        foreach (var (size, bytes) in seen.Machine.Hugepages)
            Subtract("memory", Quantity.FromValue(bytes, QuantityFormat.BinarySI));
        foreach (var (name, amount) in options.SystemReserved)
            Subtract(name, Quantity.Parse(amount));
        return allocatable;

        void Subtract(string name, Quantity amount)
        {
            if (allocatable.TryGetValue(name, out var has))
                allocatable[name] = Quantity.Max(has - amount, Quantity.Zero.WithFormat(has.Format));
        }
    }

    private static ApiList<NodeCondition> Conditions(NodeObservation seen, NodeStatus old, DateTimeOffset now)
    {
        var memory = seen.MemoryAvailable < MemoryThreshold;
        var disk = IsShort(seen.NodeFs, NodeFsThreshold) || IsShort(seen.ImageFs, ImageFsThreshold);
        var problem = NotReadyBecause(seen);
        NodeCondition[] stated =
        [
            memory
                ? new() { Type = "MemoryPressure", Status = "True", Reason = "KubeletHasInsufficientMemory", Message = "kubelet has insufficient memory available" }
                : new() { Type = "MemoryPressure", Status = "False", Reason = "KubeletHasSufficientMemory", Message = "kubelet has sufficient memory available" },
            disk
                ? new() { Type = "DiskPressure", Status = "True", Reason = "KubeletHasDiskPressure", Message = "kubelet has disk pressure" }
                : new() { Type = "DiskPressure", Status = "False", Reason = "KubeletHasNoDiskPressure", Message = "kubelet has no disk pressure" },
            new() { Type = "PIDPressure", Status = "False", Reason = "KubeletHasSufficientPID", Message = "kubelet has sufficient PID available" },
            problem is null
                ? new() { Type = "Ready", Status = "True", Reason = "KubeletReady", Message = "kubelet is posting ready status" }
                : new() { Type = "Ready", Status = "False", Reason = "KubeletNotReady", Message = problem },
        ];
        var conditions = new List<NodeCondition>(
            old.Conditions.Where(other => !stated.Any(own => string.Equals(own.Type, other.Type, StringComparison.Ordinal))));
        foreach (var condition in stated)
        {
            var before = Find(old, condition.Type);
            conditions.Add(condition with
            {
                LastHeartbeatTime = now,
                LastTransitionTime = before?.Status == condition.Status && before.LastTransitionTime is { } since ? since : now,
            });
        }

        return conditions.ToApiList();
    }

    private static bool IsShort(FileSystemUse use, double threshold) =>
        (use.Bytes > 0 && use.BytesAvailable < use.Bytes * threshold)
        // Some file systems have no fixed number of inodes, and say so by zero.
        || (use.Inodes > 0 && use.InodesAvailable < use.Inodes * InodesThreshold);

    private static string? NotReadyBecause(NodeObservation seen)
    {
        if (seen.RuntimeStatus is not { } status)
            return "container runtime is down";
        return status.Find(RuntimeStatus.RuntimeReady) is { Status: false } runtime
            ? $"container runtime not ready: RuntimeReady=false reason:{runtime.Reason} message:{runtime.Message}"
            : NetworkProblem(status);
    }

    /// <summary>Why pods cannot get a network yet; null when they can.</summary>
    public static string? NetworkProblem(RuntimeStatus? status) => status switch
    {
        null => "container runtime is down",
        _ when status.Find(RuntimeStatus.NetworkReady) is { Status: false } network =>
            $"container runtime network not ready: NetworkReady=false reason:{network.Reason} message:{network.Message}",
        _ => null,
    };
}
