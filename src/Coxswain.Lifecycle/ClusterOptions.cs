using System.Net;

namespace Coxswain.Lifecycle;

/// <summary>What one instance of Coxswain runs and where it keeps its things. Names follow upstream's flags.</summary>
public sealed record ClusterOptions
{
    /// <summary>Everything this instance keeps lies below this folder. Two instances never share one.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The API server's TLS port; 0 lets the kernel choose.</summary>
    public int SecurePort { get; init; } = 6443;

    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>Whether containers run on this machine; without, only the control plane runs, and needs neither root nor containerd.</summary>
    public bool RunNode { get; init; } = true;

    public bool RunScheduler { get; init; } = true;

    /// <summary>The file of the scheduler's configuration; empty: upstream's defaults.</summary>
    public string SchedulerConfig { get; init; } = "";

    /// <summary>Whether controllers and scheduler run only where they hold their Lease, so that of several servers one runs them.</summary>
    public bool LeaderElect { get; init; } = true;

    /// <summary>How many nodes are simulated inside the process; 0: none.</summary>
    public int SimulatedNodes { get; init; }

    /// <summary>How long after its binding a pod on a simulated node becomes Ready.</summary>
    public TimeSpan SimulatedPodDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Which controllers run: names, <c>*</c> for all, <c>-name</c> to leave one out, <c>-*</c> for none.</summary>
    public IReadOnlyList<string> Controllers { get; init; } = ["*"];

    /// <summary>The node's name; the host's name in lower case if not given.</summary>
    public string NodeName { get; init; } = Dns.GetHostName().ToLowerInvariant();

    /// <summary>The address under which pods and other machines reach this one; found out if not given.</summary>
    public IPAddress? NodeAddress { get; init; }

    public int KubeletPort { get; init; } = 10250;

    public string ServiceClusterIPRange { get; init; } = "10.96.0.0/16";

    public string ServiceNodePortRange { get; init; } = "30000-32767";

    /// <summary>The pods' addresses; chosen by the instance's folder if not given, so that several instances do not meet.</summary>
    public string? ClusterCidr { get; init; }

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Keep everything in memory: for tests and experiments; nothing survives the process.</summary>
    public bool InMemory { get; init; }

    /// <summary>The address that others are told to reach this API server by; null: the bind address, or the machine's first one.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>Stay in the terminal's foreground and log to standard error.</summary>
    public bool Foreground { get; init; }

    /// <summary>What only the API server reads.</summary>
    public ApiServerSettings ApiServer { get; init; } = new();

    /// <summary>Where the cluster's state is kept.</summary>
    public StoreSettings Store { get; init; } = new();

    /// <summary>The backups that it makes by itself.</summary>
    public BackupSettings Backup { get; init; } = new();

    public InstanceDirectory Directory => new(DataDirectory);
}
