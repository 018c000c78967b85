using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coxswain.Node.Containerd;

/// <summary>Everything on the machine that bears an instance's name: paths, addresses, tables, cgroups. Derived from the data folder
/// alone, so that a restarted process finds what it left, and two instances never meet.</summary>
public sealed record NodeInstance
{
    /// <summary>The place of a machine's first cluster gets the addresses that documentation and habit expect.</summary>
    private const string DefaultDataDir = "/var/lib/coxswain";

    private NodeInstance(string dataDir, string id, string podCidr)
    {
        DataDir = dataDir;
        Id = id;
        PodCidr = podCidr;
    }

    /// <summary>The data folder, absolute, links resolved.</summary>
    public string DataDir { get; }

    /// <summary>Eight hexadecimal digits of the data folder's path.</summary>
    public string Id { get; }

    /// <summary>This node's pod addresses, unless the cluster assigns others: 10.244.0.0/24 for the default folder, else a /24 between
    /// 10.128.0.0 and 10.239.255.255.</summary>
    public string PodCidr { get; init; }

    /// <summary>What need not outlive the machine's run. Short, because the path of a Unix socket may have 107 bytes.</summary>
    public string RunDir => "/run/coxswain/" + Id;

    public string NodeDir => Path.Combine(DataDir, "node");

    public string ContainerdRoot => Path.Combine(NodeDir, "containerd");
    public string ContainerdState => Path.Combine(RunDir, "state");
    public string ContainerdSocket => Path.Combine(RunDir, "containerd.sock");
    public string ContainerdPidFile => Path.Combine(RunDir, "containerd.pid");
    public string ContainerdConfigFile => Path.Combine(NodeDir, "containerd.toml");
    public string ContainerdLogFile => Path.Combine(NodeDir, "containerd.log");
    public string RuncRoot => Path.Combine(RunDir, "runc");

    public string CniConfDir => Path.Combine(NodeDir, "cni", "net.d");
    public string CniDataDir => Path.Combine(NodeDir, "cni", "ipam");
    public string CniNetworkName => "coxswain-" + Id;

    /// <summary>nftables table (family ip) of the pod network.</summary>
    public string PodNetworkTable => "coxswain-" + Id + "-pods";

    /// <summary>nftables table (family ip) of the host ports.</summary>
    public string HostPortTable => "coxswain-" + Id + "-hostports";

    /// <summary>Parent of all pods' cgroups where cgroupfs is the driver. With systemd it is <see cref="SystemdSlice"/>.</summary>
    public string CgroupParent => "/coxswain-" + Id;

    /// <summary>Parent slice of all pods. Without a dash in the middle: systemd would read one as one more level.</summary>
    public string SystemdSlice => "coxswain" + Id + ".slice";

    /// <summary>The instance of a data folder, which need not exist yet.</summary>
    public static NodeInstance ForDataDir(string dataDir)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDir));
        if (Directory.Exists(full) && Directory.ResolveLinkTarget(full, returnFinalTarget: true) is { } target)
            full = target.FullName;

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(full));
        var podCidr = full == DefaultDataDir
            ? "10.244.0.0/24"
            : string.Create(CultureInfo.InvariantCulture, $"10.{128 + (hash[0] % 112)}.{hash[1]}.0/24");
        return new(full, Convert.ToHexStringLower(hash.AsSpan(0, 4)), podCidr);
    }
}
