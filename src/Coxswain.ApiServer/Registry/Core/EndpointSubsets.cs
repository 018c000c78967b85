using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Brings endpoint subsets into their one canonical form: an address stands with all its ports, once, sorted.</summary>
internal static class EndpointSubsets
{
    private readonly record struct Place(EndpointAddress Address, bool Ready);

    public static ApiList<EndpointSubset> Repack(ApiList<EndpointSubset> subsets)
    {
        if (subsets.Count == 0)
            return subsets;
        var portsOf = new Dictionary<(string Ip, string Uid), (Place Place, List<EndpointPort> Ports)>();
        foreach (var subset in subsets)
        {
            foreach (var address in subset.Addresses)
                Add(address, ready: true, subset.Ports);
            foreach (var address in subset.NotReadyAddresses)
                Add(address, ready: false, subset.Ports);
        }

        return portsOf.Values
            .Select(entry => (entry.Place, Ports: Sorted(entry.Ports)))
            .GroupBy(entry => string.Join(',', entry.Ports.Select(PortKey)), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new EndpointSubset
            {
                Addresses = Addresses(group.Select(entry => entry.Place), ready: true),
                NotReadyAddresses = Addresses(group.Select(entry => entry.Place), ready: false),
                Ports = group.First().Ports,
            })
            .ToApiList();

        void Add(EndpointAddress address, bool ready, ApiList<EndpointPort> ports)
        {
            var key = (address.Ip, address.TargetRef?.Uid ?? "");
            if (!portsOf.TryGetValue(key, out var entry))
                portsOf.Add(key, entry = (new Place(address, ready), []));
            else if (!ready && entry.Place.Ready)
                portsOf[key] = entry = (entry.Place with { Ready = false }, entry.Ports);
            foreach (var port in ports)
                if (!entry.Ports.Contains(port))
                    entry.Ports.Add(port);
        }
    }

    private static string PortKey(EndpointPort port) => $"{port.Name}/{port.Protocol}/{port.Port:D5}/{port.AppProtocol}";

    private static ApiList<EndpointPort> Sorted(List<EndpointPort> ports) => ports.Count == 0
        ? default
        : ports.OrderBy(PortKey, StringComparer.Ordinal).ToApiList();

    private static ApiList<EndpointAddress> Addresses(IEnumerable<Place> places, bool ready)
    {
        var addresses = places.Where(place => place.Ready == ready).Select(place => place.Address)
            .OrderBy(address => address.Ip, StringComparer.Ordinal).ThenBy(address => address.TargetRef?.Uid, StringComparer.Ordinal).ToList();
        return addresses.Count == 0 ? default : addresses.ToApiList();
    }
}
