using Coxswain.Api.Core.V1;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;

namespace Coxswain.Node.Pods;

/// <summary>Turns requests and limits into the kernel's numbers.</summary>
internal static class LinuxResources
{
    public const long CpuPeriod = 100_000;
    private const long MinShares = 2;
    private const long MaxShares = 262_144;
    private const long MinQuota = 1_000;

    public static LinuxContainerResources For(Pod pod, Container container, NodeContext node, CgroupFeatures features, bool cfsQuota)
    {
        var limits = container.Resources.Limits;
        var cpuLimit = limits.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : 0;
        var cpuRequest = container.Resources.Requests.TryGetValue("cpu", out var asked) ? asked.MilliValue : cpuLimit;
        var memoryLimit = limits.TryGetValue("memory", out var memory) ? memory.Value : 0;

        return FromMilli(cpuRequest, cpuLimit, memoryLimit, cfsQuota) with
        {
            OomScoreAdj = PodQos.OomScoreAdjustment(pod, container, node.MemoryCapacity),
            // Without swap of their own: what the container may use in all is what it may use of memory.
            MemorySwapLimitInBytes = features.SwapAccounting ? memoryLimit : 0,
            HugepageLimits = HugepageLimits(container, features),
            // One process that is killed for memory takes the container's others with it; half a service is worse than none.
            Unified = features.Version2
                ? new Dictionary<string, string>(StringComparer.Ordinal) { ["memory.oom.group"] = "1" }
                : EmptyMap.Instance,
        };
    }

    public static LinuxContainerResources FromMilli(long cpuRequest, long cpuLimit, long memoryLimitBytes, bool cfsQuota) => new()
    {
        CpuShares = Shares(cpuRequest),
        CpuPeriod = cfsQuota && cpuLimit > 0 ? CpuPeriod : 0,
        CpuQuota = cfsQuota ? Quota(cpuLimit) : 0,
        MemoryLimitInBytes = memoryLimitBytes,
    };

    public static long Shares(long milliCpu) => milliCpu <= 0 ? MinShares : Math.Clamp(milliCpu * 1024 / 1000, MinShares, MaxShares);

    public static long Quota(long milliCpu) => milliCpu <= 0 ? 0 : Math.Max(milliCpu * CpuPeriod / 1000, MinQuota);

    // Every page size is stated, as "no limit" would be the kernel's default.
    private static HugepageLimit[] HugepageLimits(Container container, CgroupFeatures features) =>
    [
        .. features.HugepageSizes.Select(size => new HugepageLimit(
            CgroupName(size),
            container.Resources.Limits.TryGetValue($"hugepages-{size}", out var limit) ? (ulong)Math.Max(0, limit.Value) : 0)),
    ];

    /// <summary>"2Mi" as Kubernetes writes it is "2MB" for the kernel.</summary>
    private static string CgroupName(string size) => size.EndsWith('i') ? size[..^1] + "B" : size;
}
