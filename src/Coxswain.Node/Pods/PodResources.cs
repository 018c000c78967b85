using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>What a pod as a whole asks for: regular containers and sidecars together, or the largest step of initialization if that is more.</summary>
internal static class PodResources
{
    /// <summary>Requests of the pod in thousandths of each resource's unit.</summary>
    public static Dictionary<string, long> Requests(Pod pod) => Total(pod, static resources => resources.Requests);

    /// <summary>Limits of the pod in thousandths of each resource's unit.</summary>
    public static Dictionary<string, long> Limits(Pod pod) => Total(pod, static resources => resources.Limits);

    /// <summary>Whether every container that runs has a limit for the resource, so that the pod as a whole can be limited.</summary>
    public static bool EveryContainerLimits(Pod pod, string resource) =>
        pod.Spec.Resources?.Limits.ContainsKey(resource) == true
        || (pod.Spec.Containers.All(c => c.Resources.Limits.ContainsKey(resource))
            && pod.Spec.InitContainers.All(c => c.Resources.Limits.ContainsKey(resource)));

    private static Dictionary<string, long> Total(Pod pod, Func<ResourceRequirements, ApiMap<Quantity>> side)
    {
        var running = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var container in pod.Spec.Containers)
            Add(running, side(container.Resources));

        var sidecars = new Dictionary<string, long>(StringComparer.Ordinal);
        var initPeak = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var container in pod.Spec.InitContainers)
        {
            var step = new Dictionary<string, long>(sidecars, StringComparer.Ordinal);
            Add(step, side(container.Resources));
            if (PodContainers.IsSidecar(container))
            {
                Add(running, side(container.Resources));
                Add(sidecars, side(container.Resources));
            }

            Raise(initPeak, step);
        }

        Raise(running, initPeak);
        if (pod.Spec.Resources is { } podLevel)
        {
            foreach (var (name, quantity) in side(podLevel))
                running[name] = quantity.MilliValue;
        }

        Add(running, pod.Spec.Overhead);
        return running;
    }

    private static void Add(Dictionary<string, long> sums, ApiMap<Quantity> resources)
    {
        foreach (var (name, quantity) in resources)
            sums[name] = sums.GetValueOrDefault(name) + quantity.MilliValue;
    }

    private static void Raise(Dictionary<string, long> sums, Dictionary<string, long> floor)
    {
        foreach (var (name, value) in floor)
            sums[name] = Math.Max(sums.GetValueOrDefault(name), value);
    }
}
