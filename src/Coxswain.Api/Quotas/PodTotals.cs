using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Quotas;

/// <summary>What a pod asks for as a whole: its containers and sidecars together, or its largest step of initialization.</summary>
public static class PodTotals
{
    /// <param name="pick">Requests or limits.</param>
    public static ApiMap<Quantity> Of(PodSpec spec, Func<ResourceRequirements, ApiMap<Quantity>> pick)
    {
        var sums = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Containers)
            Add(sums, pick(container.Resources));
        var sidecars = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var peaks = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.InitContainers)
        {
            if (container.RestartPolicy == "Always")
            {
                Add(sums, pick(container.Resources));
                Add(sidecars, pick(container.Resources));
                Raise(peaks, sidecars);
                continue;
            }

            var step = new Dictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
            Add(step, pick(container.Resources));
            Raise(peaks, step);
        }

        Raise(sums, peaks);
        if (spec.Resources is { } whole)
            foreach (var (name, value) in pick(whole))
                sums[name] = value;
        return sums.ToApiMap();
    }

    private static void Add(Dictionary<string, Quantity> sums, ApiMap<Quantity> more)
    {
        foreach (var (name, value) in more)
            sums[name] = sums.TryGetValue(name, out var sum) ? sum + value : value;
    }

    private static void Raise(Dictionary<string, Quantity> peaks, Dictionary<string, Quantity> candidates)
    {
        foreach (var (name, value) in candidates)
            if (!peaks.TryGetValue(name, out var peak) || value > peak)
                peaks[name] = value;
    }
}
