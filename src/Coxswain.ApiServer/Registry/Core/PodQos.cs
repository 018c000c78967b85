using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The quality-of-service class of a pod, which follows from what its containers ask for.</summary>
internal static class PodQos
{
    public static string Compute(PodSpec spec)
    {
        var sums = default(Sums);
        if (spec.Resources is { } whole && (whole.Requests.Count > 0 || whole.Limits.Count > 0))
        {
            sums.Add(whole);
            return sums.Class;
        }

        foreach (var container in spec.Containers)
            sums.Add(container.Resources);
        foreach (var container in spec.InitContainers)
            sums.Add(container.Resources);
        return sums.Class;
    }

    private struct Sums
    {
        private Quantity cpuRequest, cpuLimit, memoryRequest, memoryLimit;
        private bool unlimited;

        public readonly string Class
        {
            get
            {
                if (cpuRequest.IsZero && cpuLimit.IsZero && memoryRequest.IsZero && memoryLimit.IsZero)
                    return "BestEffort";
                return !unlimited && cpuRequest == cpuLimit && memoryRequest == memoryLimit ? "Guaranteed" : "Burstable";
            }
        }

        public void Add(ResourceRequirements resources)
        {
            cpuRequest += Positive(resources.Requests, "cpu");
            memoryRequest += Positive(resources.Requests, "memory");
            var (cpu, memory) = (Positive(resources.Limits, "cpu"), Positive(resources.Limits, "memory"));
            unlimited |= cpu.IsZero || memory.IsZero;
            cpuLimit += cpu;
            memoryLimit += memory;
        }

        private static Quantity Positive(ApiMap<Quantity> map, string name) =>
            map.TryGetValue(name, out var quantity) && quantity.Sign > 0 ? quantity : Quantity.Zero;
    }
}
