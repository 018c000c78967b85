using Coxswain.Api;
using Coxswain.Api.Discovery.V1;

namespace Coxswain.Controllers;

/// <summary>What has to be done to a service's slices. It changes as few as it can, since every change goes to every node.</summary>
internal sealed class SlicePlan
{
    private const int MostInSlice = 100;

    public List<EndpointSlice> Create { get; } = [];
    public List<EndpointSlice> Update { get; } = [];
    public List<EndpointSlice> Delete { get; } = [];

    /// <summary>Whose endpoints are right already.</summary>
    public List<EndpointSlice> Keep { get; } = [];

    /// <summary>Plans for one address family: endpoints by the ports they serve.</summary>
    public void Add(IEnumerable<EndpointSlice> existing, Dictionary<ApiList<EndpointPort>, List<Endpoint>> wanted,
        Func<ApiList<EndpointPort>, EndpointSlice> template)
    {
        var byPorts = existing.GroupBy(s => s.Ports).ToDictionary(g => g.Key, g => g.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal).ToList());
        foreach (var (ports, slices) in byPorts)
        {
            if (!wanted.ContainsKey(ports))
                Delete.AddRange(slices);
        }
        // A service without endpoints has one empty slice, which tells that somebody looked.
        if (wanted.Count == 0)
        {
            AddEmpty(byPorts.GetValueOrDefault(default), template);
            return;
        }
        foreach (var (ports, endpoints) in wanted)
            AddPorts(byPorts.GetValueOrDefault(ports) ?? [], endpoints, () => template(ports));
    }

    private void AddEmpty(List<EndpointSlice>? existing, Func<ApiList<EndpointPort>, EndpointSlice> template)
    {
        Delete.RemoveAll(d => existing is not null && existing.Contains(d));
        if (existing is null)
        {
            Create.Add(template(default));
            return;
        }
        if (existing[0].Endpoints.Count > 0)
            Update.Add(existing[0] with { Endpoints = default });
        else
            Keep.Add(existing[0]);
        Delete.AddRange(existing.Skip(1));
    }

    private void AddPorts(List<EndpointSlice> existing, List<Endpoint> endpoints, Func<EndpointSlice> template)
    {
        var missing = endpoints.ToDictionary(Identity);
        var kept = new List<(EndpointSlice Slice, List<Endpoint> Endpoints, bool Changed)>();
        // 1. What is in a slice stays there.
        foreach (var slice in existing)
        {
            var stay = new List<Endpoint>();
            var changed = false;
            foreach (var endpoint in slice.Endpoints)
            {
                if (missing.Remove(Identity(endpoint), out var now))
                {
                    stay.Add(now);
                    changed |= now != endpoint;
                }
                else
                {
                    changed = true;
                }
            }
            kept.Add((slice, stay, changed));
        }
        // 2. What is new goes first where something changes anyway, then where there is room, then into new slices.
        var left = new Queue<Endpoint>(missing.Values);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < kept.Count && left.Count > 0; i++)
            {
                var (slice, stay, changed) = kept[i];
                if (changed != (pass == 0) || stay.Count >= MostInSlice || stay.Count == 0)
                    continue;
                while (left.Count > 0 && stay.Count < MostInSlice)
                    stay.Add(left.Dequeue());
                kept[i] = (slice, stay, true);
            }
        }
        // 3. A slice that has become empty is filled again before a new one is made.
        foreach (var (slice, stay, changed) in kept)
        {
            if (stay.Count == 0)
                Fill(stay, left);
            if (stay.Count == 0)
                Delete.Add(slice);
            else if (changed || slice.Endpoints.Count != stay.Count)
                Update.Add(slice with { Endpoints = stay.ToApiList() });
            else
                Keep.Add(slice);
        }
        while (left.Count > 0)
        {
            var fill = new List<Endpoint>();
            Fill(fill, left);
            Create.Add(template() with { Endpoints = fill.ToApiList() });
        }
    }

    private static void Fill(List<Endpoint> into, Queue<Endpoint> from)
    {
        while (from.Count > 0 && into.Count < MostInSlice)
            into.Add(from.Dequeue());
    }

    /// <summary>The same pod with the same address.</summary>
    private static (string Uid, string Address) Identity(Endpoint endpoint) => (endpoint.TargetRef?.Uid ?? "", endpoint.Addresses[0]);
}
