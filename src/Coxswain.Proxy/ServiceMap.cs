using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;

namespace Coxswain.Proxy;

/// <summary>What the packet path must do for every service port, as plain data: the input of the renderer.</summary>
/// <remarks>Immutable and a pure function of services and slices, so that it can be computed again at any time.</remarks>
public sealed record ServiceMap(ApiList<ServicePortRule> Ports)
{
    public static ServiceMap Empty { get; } = new(default(ApiList<ServicePortRule>));

    /// <summary>The rules of all services that this proxy serves, in the order of their names.</summary>
    /// <param name="node">This node's name: tells which endpoints are local.</param>
    public static ServiceMap Build(IEnumerable<Service> services, IEnumerable<EndpointSlice> slices, string node)
    {
        var byService = slices
            .Where(s => s.AddressType == "IPv4" && s.Metadata.Labels.ContainsKey("kubernetes.io/service-name"))
            .ToLookup(s => new NamespacedName(s.Metadata.Namespace, s.Metadata.Labels["kubernetes.io/service-name"]));
        var rules = new List<ServicePortRule>();
        foreach (var service in services.OrderBy(s => s.Metadata.Namespace, StringComparer.Ordinal).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal))
        {
            if (!IsServed(service))
                continue;
            var name = new NamespacedName(service.Metadata.Namespace, service.Metadata.Name);
            foreach (var port in service.Spec.Ports)
                rules.Add(Rule(service, name, port, byService[name], node));
        }

        return new(rules.ToApiList());
    }

    /// <summary>Headless services have no address to forward; ExternalName ones are DNS only; a label hands a service to another proxy.</summary>
    private static bool IsServed(Service service) =>
        service.Spec.Type != "ExternalName"
        && IsIPv4(service.Spec.ClusterIP)
        && !service.Metadata.Labels.ContainsKey("service.kubernetes.io/service-proxy-name");

    private static bool IsIPv4(string text) => text.Length > 0 && text != "None" && !text.Contains(':', StringComparison.Ordinal);

    private static ServicePortRule Rule(
        Service service, NamespacedName name, ServicePort port, IEnumerable<EndpointSlice> slices, string node)
    {
        var spec = service.Spec;
        var all = Endpoints(slices, port, node);
        // Terminating endpoints serve on only where nothing else does (KEP-1669), judged for the cluster and for this node apart.
        var cluster = Usable(all);
        var local = Usable(all.Where(e => e.IsLocal).ToList());
        var externallyLocal = spec.ExternalTrafficPolicy == "Local";
        var loadBalancer = spec.Type == "LoadBalancer"
            ? service.Status.LoadBalancer.Ingress.Where(i => IsIPv4(i.Ip) && i.IpMode is null or "VIP").Select(i => i.Ip)
            : [];
        return new()
        {
            Service = name,
            PortName = port.Name,
            Protocol = port.Protocol.Length == 0 ? "tcp" : port.Protocol.ToLowerInvariant(),
            Port = port.Port,
            ClusterIPs = spec.ClusterIPs.Where(IsIPv4).DefaultIfEmpty(spec.ClusterIP).ToApiList(),
            ExternalIPs = spec.ExternalIPs.Where(IsIPv4).Concat(loadBalancer).Distinct().ToApiList(),
            SourceRanges = spec.Type == "LoadBalancer" ? spec.LoadBalancerSourceRanges.Where(r => !r.Contains(':', StringComparison.Ordinal)).ToApiList() : default,
            NodePort = spec.Type is "NodePort" or "LoadBalancer" ? port.NodePort : 0,
            AffinitySeconds = spec.SessionAffinity == "ClientIP" ? spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10800 : 0,
            Internal = (spec.InternalTrafficPolicy == "Local" ? local : cluster).ToApiList(),
            External = (externallyLocal ? local : cluster).ToApiList(),
            ExternalKeepsSource = externallyLocal,
        };
    }

    private static List<ServiceEndpoint> Endpoints(IEnumerable<EndpointSlice> slices, ServicePort port, string node)
    {
        var found = new SortedDictionary<(string, int), ServiceEndpoint>();
        foreach (var slice in slices)
        {
            foreach (var slicePort in slice.Ports)
            {
                if ((slicePort.Name ?? "") != port.Name || slicePort.Port is not { } target || (slicePort.Protocol ?? "TCP") != (port.Protocol.Length == 0 ? "TCP" : port.Protocol))
                    continue;
                foreach (var endpoint in slice.Endpoints)
                {
                    if (endpoint.Addresses.Count == 0)
                        continue;
                    var conditions = endpoint.Conditions;
                    var ready = conditions.Ready ?? true;
                    found[(endpoint.Addresses[0], target)] = new(
                        endpoint.Addresses[0], target,
                        IsLocal: endpoint.NodeName == node,
                        Ready: ready,
                        Serving: conditions.Serving ?? ready,
                        Terminating: conditions.Terminating ?? false);
                }
            }
        }

        return [.. found.Values];
    }

    private static List<ServiceEndpoint> Usable(List<ServiceEndpoint> endpoints)
    {
        var ready = endpoints.Where(e => e.Ready).ToList();
        return ready.Count > 0 ? ready : [.. endpoints.Where(e => e is { Serving: true, Terminating: true })];
    }
}

/// <summary>One port of one service.</summary>
public sealed record ServicePortRule
{
    public required NamespacedName Service { get; init; }
    public required string PortName { get; init; }

    /// <summary>tcp, udp or sctp, as nftables writes it.</summary>
    public required string Protocol { get; init; }
    public required int Port { get; init; }
    public required ApiList<string> ClusterIPs { get; init; }

    /// <summary>External IPs and the addresses of a load balancer.</summary>
    public ApiList<string> ExternalIPs { get; init; }

    /// <summary>Who may come in by the external addresses; empty: everybody.</summary>
    public ApiList<string> SourceRanges { get; init; }

    /// <summary>0: none.</summary>
    public int NodePort { get; init; }

    /// <summary>How long a client stays with an endpoint; 0: no affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Endpoints for traffic to the cluster IP.</summary>
    public ApiList<ServiceEndpoint> Internal { get; init; }

    /// <summary>Endpoints for traffic that comes in by node port or external address.</summary>
    public ApiList<ServiceEndpoint> External { get; init; }

    /// <summary>externalTrafficPolicy Local: the client's address is kept.</summary>
    public bool ExternalKeepsSource { get; init; }

    public override string ToString() => PortName.Length == 0 ? $"{Service}" : $"{Service}:{PortName}";
}

/// <summary>One address that serves.</summary>
public sealed record ServiceEndpoint(string Address, int Port, bool IsLocal, bool Ready, bool Serving, bool Terminating);
