using System.Globalization;

namespace Coxswain.Node.Host;

/// <summary>What this machine's kernel and init system let a container runtime do. Looked up once at start.</summary>
/// <param name="SystemdCgroup">PID 1 is systemd: cgroups are asked of it, since two masters of one tree undo each other's work.</param>
/// <param name="UnifiedCgroup">cgroup v2 alone (not the mixed tree of systemd's transition).</param>
/// <param name="RestrictOomScoreAdj">oom_score_adj cannot be lowered here, so that the runtime must not try.</param>
/// <param name="Overlay">The kernel and the file system of the runtime's folder can carry overlay mounts.</param>
public sealed record HostFeatures(bool SystemdCgroup, bool UnifiedCgroup, bool RestrictOomScoreAdj, bool Overlay)
{
    private const int CapSysResource = 24;

    /// <summary>Looks at this machine; <paramref name="folder"/> is where the runtime will keep its snapshots.</summary>
    public static async Task<HostFeatures> DetectAsync(string folder, CancellationToken cancellation)
    {
        var init = (await File.ReadAllTextAsync("/proc/1/comm", cancellation)).Trim();
        var status = await File.ReadAllTextAsync("/proc/self/status", cancellation);
        var users = await File.ReadAllTextAsync("/proc/self/uid_map", cancellation);
        return new(
            SystemdCgroup: init == "systemd" && Directory.Exists("/run/systemd/system"),
            UnifiedCgroup: File.Exists("/sys/fs/cgroup/cgroup.controllers"),
            RestrictOomScoreAdj: !MayLowerOomScore(status, users),
            Overlay: await CanOverlayAsync(folder, cancellation));
    }

    /// <summary>From /proc/self/status and /proc/self/uid_map: lowering needs CAP_SYS_RESOURCE in the first user namespace.</summary>
    internal static bool MayLowerOomScore(string status, string uidMap)
    {
        const string Field = "CapEff:";
        var line = status.Split('\n').FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal));
        if (line is null || !ulong.TryParse(line[Field.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var capabilities))
            return false;

        var whole = uidMap.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"];
        return whole && (capabilities & (1UL << CapSysResource)) != 0;
    }

    // Trying is the only sure way: it depends on the kernel, its modules, and the file system (an overlay cannot carry another's upper layer).
    private static async Task<bool> CanOverlayAsync(string folder, CancellationToken cancellation)
    {
        var probe = Path.Combine(folder, ".overlay-probe");
        try
        {
            foreach (var name in (string[])["lower", "upper", "work", "merged"])
                Directory.CreateDirectory(Path.Combine(probe, name));
            await File.WriteAllTextAsync(Path.Combine(probe, "lower", "file"), "", cancellation);
            var merged = Path.Combine(probe, "merged");
            var mount = await HostCommand.RunAsync("mount",
                ["-t", "overlay", "overlay", "-o", $"lowerdir={probe}/lower,upperdir={probe}/upper,workdir={probe}/work", merged],
                input: null, cancellation);
            if (!mount.Succeeded)
                return false;
            var visible = File.Exists(Path.Combine(merged, "file"));
            NativeMethods.Unmount(merged);
            return visible;
        }
        finally
        {
            if (Directory.Exists(probe))
                Directory.Delete(probe, recursive: true);
        }
    }
}
