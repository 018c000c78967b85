using Coxswain.Node.Host;

namespace Coxswain.Node.Containerd;

/// <summary>Where the distribution put the programs we start and the plug-ins containerd starts.</summary>
public sealed record ContainerdBinaries(string Containerd, string Ctr, string Runc, string CniDir)
{
    /// <summary>CNI plug-ins that the pod network is made of.</summary>
    internal static readonly IReadOnlyList<string> CniPlugins = ["ptp", "host-local", "loopback"];

    private static readonly string[] CniDirs = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

    /// <summary>Finds them all, or says in one sentence what to install.</summary>
    /// <exception cref="NodePrerequisiteException">Something is missing; the message names the Debian packages.</exception>
    public static ContainerdBinaries Find() => Find(Environment.GetEnvironmentVariable("PATH") ?? "", CniDirs);

    internal static ContainerdBinaries Find(string path, IReadOnlyList<string> cniDirs)
    {
        // A user's PATH may lack the folders of the administrator's programs.
        string[] folders = [.. path.Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];
        return Find(program => folders.Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists), cniDirs);
    }

    internal static ContainerdBinaries Find(Func<string, string?> locate, IReadOnlyList<string> cniDirs)
    {
        var missing = new List<(string What, string Package)>();
        string Need(string program, string package)
        {
            if (locate(program) is { } found)
                return found;
            missing.Add((program, package));
            return "";
        }

        var containerd = Need("containerd", "containerd");
        var ctr = Need("ctr", "containerd");
        Need("containerd-shim-runc-v2", "containerd");
        var runc = Need("runc", "runc");
        Need("nft", "nftables");
        Need("ip", "iproute2");
        Need("mount", "mount");
        Need("setsid", "util-linux");
        var cni = cniDirs.FirstOrDefault(d => CniPlugins.All(p => File.Exists(Path.Combine(d, p))));
        if (cni is null)
            missing.Add(("the CNI plug-ins " + string.Join(", ", CniPlugins), "containernetworking-plugins"));

        if (missing.Count > 0)
        {
            var packages = string.Join(' ', missing.Select(m => m.Package).Distinct());
            throw new NodePrerequisiteException(
                $"Missing on this machine: {string.Join(", ", missing.Select(m => m.What))}; install with: apt-get install {packages}");
        }
        return new(containerd, ctr, runc, cni!);
    }
}
