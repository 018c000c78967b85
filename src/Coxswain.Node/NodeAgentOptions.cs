namespace Coxswain.Node;

public enum CgroupDriver
{
    /// <summary>Groups are made by writing the cgroup file system.</summary>
    Cgroupfs,

    /// <summary>Groups are systemd's slices.</summary>
    Systemd,
}

/// <summary>How a node agent is to run. Names follow the kubelet's configuration where it has the same setting.</summary>
public sealed record NodeAgentOptions
{
    /// <summary>Name of the Node object.</summary>
    public required string NodeName { get; init; }

    /// <summary>Folder of pods' volumes and files. Only one agent may use it.</summary>
    public required string RootDirectory { get; init; }

    public string PodLogsDirectory { get; init; } = "/var/log/pods";

    /// <summary>Addresses of this node, the primary one first.</summary>
    public required IReadOnlyList<string> NodeIPs { get; init; }

    /// <summary>Where the server of logs, exec and attach listens; told in the Node's status.</summary>
    public int Port { get; init; } = 10250;

    public IReadOnlyList<string> ClusterDns { get; init; } = [];
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The host's resolver settings; null: found, past a local stub where there is one.</summary>
    public string? ResolvConf { get; init; }

    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>Taints of a new Node, as key[=value]:effect.</summary>
    public IReadOnlyList<string> RegisterWithTaints { get; init; } = [];

    public string PodCidr { get; init; } = "";
    public int MaxPods { get; init; } = 110;
    public CgroupDriver CgroupDriver { get; init; } = CgroupDriver.Cgroupfs;

    /// <summary>The group below which ours is made, so that several agents can live on one machine.</summary>
    public string CgroupRoot { get; init; } = "/";

    public bool CpuCfsQuota { get; init; } = true;

    /// <summary>Resources kept from pods, by name: cpu, memory, ephemeral-storage.</summary>
    public IReadOnlyDictionary<string, string> SystemReserved { get; init; } = new Dictionary<string, string>();

    public TimeSpan SyncFrequency { get; init; } = TimeSpan.FromMinutes(1);
    public TimeSpan NodeStatusUpdateFrequency { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan NodeStatusReportFrequency { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan NodeLeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the runtime is asked what runs.</summary>
    public TimeSpan RelistPeriod { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxContainerBackOff { get; init; } = TimeSpan.FromMinutes(5);
    public int MaxParallelImagePulls { get; init; } = 3;

    public int ImageGCHighThresholdPercent { get; init; } = 85;
    public int ImageGCLowThresholdPercent { get; init; } = 80;
    public TimeSpan ImageMinimumGCAge { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Dead instances kept per container, for their logs.</summary>
    public int MaxPerPodContainerCount { get; init; } = 1;

    public long ContainerLogMaxSize { get; init; } = 10 * 1024 * 1024;
    public int ContainerLogMaxFiles { get; init; } = 5;

    /// <summary>Version that the Node reports.</summary>
    public string KubeletVersion { get; init; } = "v1.36.0+coxswain";
}
