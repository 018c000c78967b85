using System.Collections.Immutable;
using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler;

/// <summary>Amounts of resources: CPU in thousandths of a core, all else in whole units.</summary>
public sealed record ResourceAmounts(long MilliCpu, long Memory, long EphemeralStorage, ImmutableSortedDictionary<string, long> Extended)
{
    private static readonly ImmutableSortedDictionary<string, long> NoExtended = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);

    public static ResourceAmounts Zero { get; } = new(0, 0, 0, NoExtended);

    public static ResourceAmounts From(ApiMap<Quantity> resources)
    {
        if (resources.Count == 0)
            return Zero;
        var (cpu, memory, storage, extended) = (0L, 0L, 0L, NoExtended);
        foreach (var (name, quantity) in resources)
        {
            switch (name)
            {
                case "cpu": cpu = quantity.MilliValue; break;
                case "memory": memory = quantity.Value; break;
                case "ephemeral-storage": storage = quantity.Value; break;
                case "pods": break;
                default: extended = extended.SetItem(name, quantity.Value); break;
            }
        }

        return new(cpu, memory, storage, extended);
    }

    /// <summary>The amount of a resource by its name in the API.</summary>
    public long Of(string resource) => resource switch
    {
        "cpu" => MilliCpu,
        "memory" => Memory,
        "ephemeral-storage" => EphemeralStorage,
        _ => Extended.GetValueOrDefault(resource),
    };

    public bool IsZero => MilliCpu == 0 && Memory == 0 && EphemeralStorage == 0 && Extended.Count == 0;

    public static ResourceAmounts operator +(ResourceAmounts a, ResourceAmounts b) => Combine(a, b, static (x, y) => x + y);

    public static ResourceAmounts operator -(ResourceAmounts a, ResourceAmounts b) => Combine(a, b, static (x, y) => x - y);

    public static ResourceAmounts Max(ResourceAmounts a, ResourceAmounts b) => Combine(a, b, Math.Max);

    private static ResourceAmounts Combine(ResourceAmounts a, ResourceAmounts b, Func<long, long, long> combine)
    {
        var extended = a.Extended;
        if (a.Extended.Count > 0 || b.Extended.Count > 0)
        {
            foreach (var name in a.Extended.Keys.Union(b.Extended.Keys))
                extended = extended.SetItem(name, combine(a.Extended.GetValueOrDefault(name), b.Extended.GetValueOrDefault(name)));
        }

        return new(combine(a.MilliCpu, b.MilliCpu), combine(a.Memory, b.Memory), combine(a.EphemeralStorage, b.EphemeralStorage), extended);
    }
}

/// <summary>A sum of amounts that is kept up to date in place.</summary>
public sealed class ResourceTotals
{
    private Dictionary<string, long>? _extended;

    public long MilliCpu { get; private set; }
    public long Memory { get; private set; }
    public long EphemeralStorage { get; private set; }

    /// <summary>The amount of a resource by its name in the API.</summary>
    public long Of(string resource) => resource switch
    {
        "cpu" => MilliCpu,
        "memory" => Memory,
        "ephemeral-storage" => EphemeralStorage,
        _ => Extended(resource),
    };

    public long Extended(string name) => _extended is null ? 0 : _extended.GetValueOrDefault(name);

    internal void Add(ResourceAmounts amounts, int sign)
    {
        MilliCpu += sign * amounts.MilliCpu;
        Memory += sign * amounts.Memory;
        EphemeralStorage += sign * amounts.EphemeralStorage;
        if (amounts.Extended.Count == 0)
            return;
        _extended ??= new(StringComparer.Ordinal);
        foreach (var (name, amount) in amounts.Extended)
            _extended[name] = _extended.GetValueOrDefault(name) + (sign * amount);
    }

    internal ResourceTotals Copy() => new()
    {
        MilliCpu = MilliCpu, Memory = Memory, EphemeralStorage = EphemeralStorage,
        _extended = _extended is null ? null : new(_extended, StringComparer.Ordinal),
    };
}

/// <summary>What a pod asks of a node.</summary>
public static class PodRequests
{
    /// <summary>What a container is taken to use, for scoring only, when it does not say (upstream's figures).</summary>
    private const long AssumedMilliCpu = 100;
    private const long AssumedMemory = 200L << 20;

    /// <summary>The pod's effective requests: its containers and sidecars together, or its init containers one at a time with the sidecars started before
    /// them, whichever is more; requests of the pod as a whole go before; plus overhead (KEP-753, KEP-2837).</summary>
    public static ResourceAmounts Of(Pod pod) => Of(pod, static c => ResourceAmounts.From(c.Resources.Requests));

    /// <summary>The same with assumed requests for containers that have none.</summary>
    public static ResourceAmounts ForScoring(Pod pod) => Of(pod, static c =>
    {
        var stated = ResourceAmounts.From(c.Resources.Requests);
        return stated with
        {
            MilliCpu = c.Resources.Requests.ContainsKey("cpu") ? stated.MilliCpu : AssumedMilliCpu,
            Memory = c.Resources.Requests.ContainsKey("memory") ? stated.Memory : AssumedMemory,
        };
    });

    private static ResourceAmounts Of(Pod pod, Func<Container, ResourceAmounts> request)
    {
        var running = ResourceAmounts.Zero;
        foreach (var container in pod.Spec.Containers)
            running += request(container);
        var (sidecars, starting) = (ResourceAmounts.Zero, ResourceAmounts.Zero);
        foreach (var container in pod.Spec.InitContainers)
        {
            if (container.RestartPolicy == "Always")
            {
                sidecars += request(container);
                starting = ResourceAmounts.Max(starting, sidecars);
            }
            else
            {
                starting = ResourceAmounts.Max(starting, sidecars + request(container));
            }
        }

        var total = ResourceAmounts.Max(running + sidecars, starting);
        if (pod.Spec.Resources is { Requests.Count: > 0 } whole)
        {
            var stated = ResourceAmounts.From(whole.Requests);
            total = total with
            {
                MilliCpu = whole.Requests.ContainsKey("cpu") ? stated.MilliCpu : total.MilliCpu,
                Memory = whole.Requests.ContainsKey("memory") ? stated.Memory : total.Memory,
            };
        }

        return pod.Spec.Overhead.Count > 0 ? total + ResourceAmounts.From(pod.Spec.Overhead) : total;
    }
}
