namespace Coxswain.Node.Runtime;

public sealed record PodSandboxMetadata(string Name, string Uid, string Namespace, uint Attempt);

public enum PodSandboxState
{
    Ready = 0,
    NotReady = 1,
}

/// <summary>Everything the runtime needs to make a sandbox.</summary>
public sealed record PodSandboxConfig
{
    public required PodSandboxMetadata Metadata { get; init; }

    /// <summary>Empty for a pod in the host's network.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>Folder on the host below which the containers' <see cref="ContainerConfig.LogPath"/> lie.</summary>
    public string LogDirectory { get; init; } = "";

    public DnsConfig? DnsConfig { get; init; }

    public IReadOnlyList<PortMapping> PortMappings { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;

    public LinuxPodSandboxConfig Linux { get; init; } = new();
}

public sealed record DnsConfig(IReadOnlyList<string> Servers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options);

public enum PortProtocol
{
    Tcp = 0,
    Udp = 1,
    Sctp = 2,
}

public sealed record PortMapping(PortProtocol Protocol, int ContainerPort, int HostPort, string HostIP);

public sealed record LinuxPodSandboxConfig
{
    /// <summary>A path under the cgroup root (cgroupfs driver) or a slice name (systemd driver); empty: the runtime's own.</summary>
    public string CgroupParent { get; init; } = "";

    public LinuxSandboxSecurityContext SecurityContext { get; init; } = new();

    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = EmptyMap.Instance;

    public LinuxContainerResources? Overhead { get; init; }

    /// <summary>Sum of the containers' resources.</summary>
    public LinuxContainerResources? Resources { get; init; }
}

public sealed record LinuxSandboxSecurityContext
{
    public NamespaceOptions NamespaceOptions { get; init; } = new();
    public SeLinuxOption? SelinuxOptions { get; init; }
    public long? RunAsUser { get; init; }
    public long? RunAsGroup { get; init; }
    public bool ReadonlyRootfs { get; init; }
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
    public bool Privileged { get; init; }
    public SecurityProfile? Seccomp { get; init; }
    public SecurityProfile? Apparmor { get; init; }
}

public enum NamespaceMode
{
    Pod = 0,
    Container = 1,
    Node = 2,
    Target = 3,
}

public sealed record NamespaceOptions
{
    public NamespaceMode Network { get; init; } = NamespaceMode.Pod;
    public NamespaceMode Pid { get; init; } = NamespaceMode.Container;
    public NamespaceMode Ipc { get; init; } = NamespaceMode.Pod;

    /// <summary>The container whose process namespace to share, with <see cref="NamespaceMode.Target"/>.</summary>
    public string TargetId { get; init; } = "";
}

public sealed record SeLinuxOption(string User, string Role, string Type, string Level);

public enum SecurityProfileType
{
    RuntimeDefault = 0,
    Unconfined = 1,
    Localhost = 2,
}

/// <summary>A seccomp or AppArmor profile; <paramref name="LocalhostRef"/> names the host's profile when the type is Localhost.</summary>
public sealed record SecurityProfile(SecurityProfileType ProfileType, string LocalhostRef = "");

public sealed record PodSandboxFilter
{
    public string? Id { get; init; }
    public PodSandboxState? State { get; init; }
    public IReadOnlyDictionary<string, string> LabelSelector { get; init; } = EmptyMap.Instance;
}

public sealed record PodSandbox
{
    public required string Id { get; init; }
    public required PodSandboxMetadata Metadata { get; init; }
    public required PodSandboxState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;
    public string RuntimeHandler { get; init; } = "";
}

public sealed record PodSandboxStatus
{
    public required string Id { get; init; }
    public required PodSandboxMetadata Metadata { get; init; }
    public required PodSandboxState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The pod's addresses, the primary one first; none in the host's network.</summary>
    public IReadOnlyList<string> IPs { get; init; } = [];

    public NamespaceOptions NamespaceOptions { get; init; } = new();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyMap.Instance;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = EmptyMap.Instance;
    public string RuntimeHandler { get; init; } = "";
}
