using System.Globalization;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>What this machine's cgroups can do.</summary>
/// <param name="HugepageSizes">As Kubernetes writes them ("2Mi"); empty where huge pages cannot be limited.</param>
internal sealed record CgroupFeatures(bool Version2, bool SwapAccounting, IReadOnlyList<string> HugepageSizes)
{
    public static CgroupFeatures Detect(string cgroupRoot = "/sys/fs/cgroup", string hugepages = "/sys/kernel/mm/hugepages")
    {
        var controllers = Path.Combine(cgroupRoot, "cgroup.controllers");
        var version2 = File.Exists(controllers);
        var hugetlb = version2
            ? File.ReadAllText(controllers).Split(' ', '\n').Contains("hugetlb", StringComparer.Ordinal)
            : Directory.Exists(Path.Combine(cgroupRoot, "hugetlb"));
        var swap = version2
            ? Directory.Exists(cgroupRoot) && Directory.EnumerateDirectories(cgroupRoot).Any(child => File.Exists(Path.Combine(child, "memory.swap.max")))
            : File.Exists(Path.Combine(cgroupRoot, "memory", "memory.memsw.limit_in_bytes"));
        string[] sizes = hugetlb && Directory.Exists(hugepages) ? [.. Directory.EnumerateDirectories(hugepages).Select(SizeOf).OfType<string>()] : [];
        return new(version2, swap, sizes);
    }

    // hugepages-2048kB
    private static string? SizeOf(string folder)
    {
        var name = Path.GetFileName(folder);
        if (!name.StartsWith("hugepages-", StringComparison.Ordinal) || !name.EndsWith("kB", StringComparison.Ordinal)
            || !long.TryParse(name["hugepages-".Length..^2], CultureInfo.InvariantCulture, out var kib))
        {
            return null;
        }

        return kib % (1 << 20) == 0 ? $"{kib >> 20}Gi" : kib % (1 << 10) == 0 ? $"{kib >> 10}Mi" : $"{kib}Ki";
    }
}

/// <summary>The cgroups of pods, grouped by class of service so that the kernel serves the classes in order.</summary>
/// <remarks>Only the names when systemd is the driver: systemd makes the slices. With cgroupfs the groups of pods are made, limited and removed
/// here, for cgroup v1 and v2. A machine whose cgroups may not be written (a development machine without the right) is served all the same:
/// the containers' own limits are the runtime's.</remarks>
internal sealed class PodCgroups(NodeAgentOptions options, CgroupFeatures features, string mount = "/sys/fs/cgroup")
{
    private static readonly string[] Version1Controllers = ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "freezer", "devices", "systemd", "hugetlb"];

    public string ParentFor(Pod pod)
    {
        var qos = PodQos.ClassOf(pod);
        if (options.CgroupDriver == CgroupDriver.Systemd)
        {
            var prefix = options.CgroupRoot.Trim('/').Replace(".slice", "", StringComparison.Ordinal).Replace('/', '-');
            var slice = prefix.Length == 0 ? "kubepods" : $"{prefix}-kubepods";
            var uid = pod.Metadata.Uid.Replace('-', '_');
            return qos switch
            {
                PodQOSClass.Guaranteed => $"{slice}-pod{uid}.slice",
                _ => $"{slice}-{qos.ToLowerInvariant()}-pod{uid}.slice",
            };
        }

        var root = Path.Combine("/", options.CgroupRoot.Trim('/'), "kubepods");
        return qos == PodQOSClass.Guaranteed
            ? Path.Combine(root, "pod" + pod.Metadata.Uid)
            : Path.Combine(root, qos.ToLowerInvariant(), "pod" + pod.Metadata.Uid);
    }

    /// <summary>Makes the pod's group and limits it as a whole. Harmless when repeated.</summary>
    /// <returns>What could not be done, for the log; null when all was.</returns>
    public string? Apply(Pod pod)
    {
        if (options.CgroupDriver == CgroupDriver.Systemd)
            return null;
        var parent = ParentFor(pod).TrimStart('/');
        var requests = PodResources.Requests(pod);
        var limits = PodResources.Limits(pod);
        var shares = LinuxResources.Shares(requests.GetValueOrDefault("cpu"));
        var quota = options.CpuCfsQuota && PodResources.EveryContainerLimits(pod, "cpu") ? LinuxResources.Quota(limits.GetValueOrDefault("cpu")) : 0;
        var memory = PodResources.EveryContainerLimits(pod, "memory") ? limits.GetValueOrDefault("memory") / 1000 : 0;
        try
        {
            if (features.Version2)
                ApplyVersion2(parent, shares, quota, memory);
            else
                ApplyVersion1(parent, shares, quota, memory);
            return null;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return denied.Message;
        }
    }

    /// <summary>Removes the pod's groups, once nothing runs in them.</summary>
    public string? Remove(Pod pod) => RemoveGroup(ParentFor(pod));

    /// <summary>Removes a group and the groups below it.</summary>
    public string? RemoveGroup(string parent)
    {
        if (options.CgroupDriver == CgroupDriver.Systemd)
            return null;
        try
        {
            foreach (var folder in Folders(parent.TrimStart('/')))
                RemoveTree(folder);
            return null;
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            return busy.Message;
        }
    }

    private IEnumerable<string> Folders(string group) => features.Version2
        ? [Path.Combine(mount, group)]
        // Whatever is mounted: the runtime makes groups in hierarchies of which we know nothing.
        : Directory.Exists(mount)
            ? [.. Directory.EnumerateDirectories(mount).Select(controller => Path.Combine(controller, group))]
            : [];

    // A cgroup's files cannot be deleted; removing the folder is what removes them.
    private static void RemoveTree(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var child in Directory.EnumerateDirectories(folder))
            RemoveTree(child);
        Directory.Delete(folder);
    }

    private void ApplyVersion1(string group, long shares, long quota, long memory)
    {
        foreach (var controller in Version1Controllers)
        {
            if (!Directory.Exists(Path.Combine(mount, controller)))
                continue;
            var folder = Path.Combine(mount, controller, group);
            Directory.CreateDirectory(folder);
            if (controller == "cpuset")
                InheritCpuset(group);
        }

        var cpu = Path.Combine(mount, "cpu", group);
        Write(Path.Combine(cpu, "cpu.shares"), shares);
        if (quota > 0)
        {
            Write(Path.Combine(cpu, "cpu.cfs_period_us"), LinuxResources.CpuPeriod);
            Write(Path.Combine(cpu, "cpu.cfs_quota_us"), quota);
        }

        if (memory > 0)
            Write(Path.Combine(mount, "memory", group, "memory.limit_in_bytes"), memory);
    }

    // A new cpuset of cgroup v1 is empty, and nothing can run in it until it has processors and memory nodes.
    private void InheritCpuset(string group)
    {
        var folder = Path.Combine(mount, "cpuset");
        foreach (var part in group.Split('/'))
        {
            var child = Path.Combine(folder, part);
            foreach (var file in (ReadOnlySpan<string>)["cpuset.cpus", "cpuset.mems"])
            {
                var target = Path.Combine(child, file);
                if (File.Exists(target) && File.ReadAllText(target).Trim().Length == 0)
                    File.WriteAllText(target, File.ReadAllText(Path.Combine(folder, file)));
            }

            folder = child;
        }
    }

    private void ApplyVersion2(string group, long shares, long quota, long memory)
    {
        var folder = mount;
        foreach (var part in group.Split('/'))
        {
            EnableControllers(folder);
            folder = Path.Combine(folder, part);
            Directory.CreateDirectory(folder);
        }

        // The kernel's weight runs from 1 to 10000 where shares run from 2 to 262144.
        Write(Path.Combine(folder, "cpu.weight"), 1 + (shares - 2) * 9999 / 262142);
        if (quota > 0)
            WriteText(Path.Combine(folder, "cpu.max"), $"{quota} {LinuxResources.CpuPeriod}");
        if (memory > 0)
            Write(Path.Combine(folder, "memory.max"), memory);
    }

    private static void EnableControllers(string folder)
    {
        var available = File.ReadAllText(Path.Combine(folder, "cgroup.controllers")).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var enabled = File.ReadAllText(Path.Combine(folder, "cgroup.subtree_control")).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        foreach (var controller in available.Except(enabled, StringComparer.Ordinal))
        {
            if (controller is "cpu" or "cpuset" or "memory" or "pids" or "io" or "hugetlb")
                WriteText(Path.Combine(folder, "cgroup.subtree_control"), "+" + controller);
        }
    }

    private static void Write(string file, long value) => WriteText(file, value.ToString(CultureInfo.InvariantCulture));

    // Only into what the kernel offers: a file made by us in a cgroup would be refused with a message nobody understands.
    private static void WriteText(string file, string value)
    {
        if (File.Exists(file))
            File.WriteAllText(file, value);
    }
}
