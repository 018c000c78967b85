namespace Coxswain.Node.Runtime;

public sealed record ContainerMetadata(string Name, uint Attempt);

public enum ContainerState
{
    Created = 0,
    Running = 1,
    Exited = 2,
    Unknown = 3,
}

public sealed record ContainerConfig
{
    public required ContainerMetadata Metadata { get; init; }
    public required ImageSpec Image { get; init; }

    /// <summary>Replaces the image's entry point unless empty.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    public IReadOnlyList<string> Args { get; init; } = [];
    public string WorkingDir { get; init; } = "";
    public IReadOnlyList<KeyValuePair<string, string>> Envs { get; init; } = [];
    public IReadOnlyList<Mount> Mounts { get; init; } = [];
    public IReadOnlyList<Device> Devices { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;

    /// <summary>Relative to <see cref="PodSandboxConfig.LogDirectory"/>.</summary>
    public string LogPath { get; init; } = "";

    public bool Stdin { get; init; }
    public bool StdinOnce { get; init; }
    public bool Tty { get; init; }
    public LinuxContainerConfig Linux { get; init; } = new();
}

public enum MountPropagation
{
    Private = 0,
    HostToContainer = 1,
    Bidirectional = 2,
}

public sealed record Mount
{
    public required string ContainerPath { get; init; }
    public required string HostPath { get; init; }
    public bool Readonly { get; init; }
    public bool RecursiveReadOnly { get; init; }
    public bool SelinuxRelabel { get; init; }
    public MountPropagation Propagation { get; init; }
}

public sealed record Device(string ContainerPath, string HostPath, string Permissions);

public sealed record LinuxContainerConfig
{
    public LinuxContainerResources Resources { get; init; } = new();
    public LinuxContainerSecurityContext SecurityContext { get; init; } = new();
}

/// <summary>cgroup values; zero means "not set", as in CRI.</summary>
public sealed record LinuxContainerResources
{
    public long CpuPeriod { get; init; }
    public long CpuQuota { get; init; }
    public long CpuShares { get; init; }
    public long MemoryLimitInBytes { get; init; }
    public long OomScoreAdj { get; init; }
    public string CpusetCpus { get; init; } = "";
    public string CpusetMems { get; init; } = "";
    public IReadOnlyList<HugepageLimit> HugepageLimits { get; init; } = [];

    /// <summary>cgroup v2 files by name, such as memory.min.</summary>
    public IReadOnlyDictionary<string, string> Unified { get; init; } = EmptyMap.Instance;

    public long MemorySwapLimitInBytes { get; init; }
}

/// <summary>A limit for one page size, written as the kernel does: "2MB".</summary>
public sealed record HugepageLimit(string PageSize, ulong Limit);

public sealed record LinuxContainerSecurityContext
{
    public Capability? Capabilities { get; init; }
    public bool Privileged { get; init; }
    public NamespaceOptions NamespaceOptions { get; init; } = new();
    public SeLinuxOption? SelinuxOptions { get; init; }
    public long? RunAsUser { get; init; }
    public long? RunAsGroup { get; init; }

    /// <summary>A user by name, when the number is not known.</summary>
    public string RunAsUsername { get; init; } = "";

    public bool ReadonlyRootfs { get; init; }
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
    public bool NoNewPrivs { get; init; }
    public IReadOnlyList<string> MaskedPaths { get; init; } = [];
    public IReadOnlyList<string> ReadonlyPaths { get; init; } = [];
    public SecurityProfile? Seccomp { get; init; }
    public SecurityProfile? Apparmor { get; init; }
}

public sealed record Capability(IReadOnlyList<string> AddCapabilities, IReadOnlyList<string> DropCapabilities);

public sealed record ContainerFilter
{
    public string? Id { get; init; }
    public ContainerState? State { get; init; }
    public string? PodSandboxId { get; init; }
    public IReadOnlyDictionary<string, string> LabelSelector { get; init; } = EmptyMap.Instance;
}

public sealed record Container
{
    public required string Id { get; init; }
    public required string PodSandboxId { get; init; }
    public required ContainerMetadata Metadata { get; init; }
    public required ImageSpec Image { get; init; }
    public string ImageRef { get; init; } = "";
    public required ContainerState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;
}

public sealed record ContainerStatus
{
    public required string Id { get; init; }
    public required ContainerMetadata Metadata { get; init; }
    public required ContainerState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public int ExitCode { get; init; }

    /// <summary>The image as it was asked for.</summary>
    public required ImageSpec Image { get; init; }

    /// <summary>The image as it was found: repository and digest, or an id.</summary>
    public string ImageRef { get; init; } = "";

    /// <summary>The runtime's id of the image; empty where the runtime does not tell.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Why it is in its state: Completed, Error, OOMKilled, ...</summary>
    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;
    public IReadOnlyList<Mount> Mounts { get; init; } = [];

    /// <summary>The whole path of the log file on the host.</summary>
    public string LogPath { get; init; } = "";

    public LinuxContainerResources? Resources { get; init; }
}

public sealed record ExecSyncResult(ReadOnlyMemory<byte> Stdout, ReadOnlyMemory<byte> Stderr, int ExitCode);

public sealed record ExecRequest
{
    public required string ContainerId { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public bool Tty { get; init; }
    public bool Stdin { get; init; }
    public bool Stdout { get; init; }
    public bool Stderr { get; init; }
}

public sealed record AttachRequest
{
    public required string ContainerId { get; init; }
    public bool Tty { get; init; }
    public bool Stdin { get; init; }
    public bool Stdout { get; init; }
    public bool Stderr { get; init; }
}

public sealed record PortForwardRequest(string PodSandboxId, IReadOnlyList<int> Ports);

public sealed record ContainerStats
{
    public required string Id { get; init; }
    public required ContainerMetadata Metadata { get; init; }
    public required DateTimeOffset Timestamp { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;

    /// <summary>Processor time used since the container's start, in core nanoseconds.</summary>
    public ulong CpuUsageCoreNanoSeconds { get; init; }

    public ulong MemoryWorkingSetBytes { get; init; }
    public ulong MemoryUsageBytes { get; init; }
    public ulong MemoryRssBytes { get; init; }
    public ulong WritableLayerUsedBytes { get; init; }
    public ulong WritableLayerInodesUsed { get; init; }
}
