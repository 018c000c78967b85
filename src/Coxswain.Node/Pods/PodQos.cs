using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>The quality-of-service class of a pod, and what follows from it for the kernel's out-of-memory choice.</summary>
internal static class PodQos
{
    private const int GuaranteedOomScore = -997;
    private const int BestEffortOomScore = 1000;
    private const int SystemNodeCriticalPriority = 2_000_001_000;

    public static string ClassOf(Pod pod)
    {
        if (pod.Spec.Resources is { } podLevel && (podLevel.Requests.Count > 0 || podLevel.Limits.Count > 0))
            return Classify([podLevel]);
        return Classify([.. pod.Spec.Containers.Select(c => c.Resources), .. pod.Spec.InitContainers.Select(c => c.Resources)]);
    }

    private static string Classify(IReadOnlyList<ResourceRequirements> all)
    {
        var requests = new Dictionary<string, long>(StringComparer.Ordinal);
        var limits = new Dictionary<string, long>(StringComparer.Ordinal);
        var everyoneLimited = true;
        foreach (var resources in all)
        {
            Add(requests, resources.Requests);
            everyoneLimited &= Add(limits, resources.Limits) == 2;
        }

        if (requests.Count == 0 && limits.Count == 0)
            return PodQOSClass.BestEffort;
        var equal = requests.Count == limits.Count
            && requests.All(request => limits.TryGetValue(request.Key, out var limit) && limit == request.Value);
        return everyoneLimited && equal ? PodQOSClass.Guaranteed : PodQOSClass.Burstable;
    }

    private static int Add(Dictionary<string, long> sums, ApiMap<Quantity> resources)
    {
        var found = 0;
        foreach (var name in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            if (!resources.TryGetValue(name, out var quantity) || quantity.MilliValue <= 0)
                continue;
            found++;
            sums[name] = sums.GetValueOrDefault(name) + quantity.MilliValue;
        }

        return found;
    }

    /// <summary>The oom_score_adj of a container: the more of its memory a Burstable container asked for, the later it is chosen.</summary>
    public static int OomScoreAdjustment(Pod pod, Container container, long memoryCapacity)
    {
        if (pod.Spec.Priority >= SystemNodeCriticalPriority)
            return GuaranteedOomScore;
        switch (ClassOf(pod))
        {
            case PodQOSClass.Guaranteed:
                return GuaranteedOomScore;
            case PodQOSClass.BestEffort:
                return BestEffortOomScore;
        }

        var request = container.Resources.Requests.TryGetValue("memory", out var memory) ? memory.Value : 0;
        var score = memoryCapacity <= 0 ? BestEffortOomScore : 1000 - 1000 * (double)request / memoryCapacity;
        return (int)Math.Clamp(score, 1000 + GuaranteedOomScore, BestEffortOomScore - 1);
    }
}
