using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Networking.V1;

namespace Coxswain.ApiServer.Tables.Networking;

internal static class NetworkingColumns
{
    private const int Shown = 3;

    public static TableColumns EndpointSlices { get; } = TableColumns.For<EndpointSlice>()
        .Name()
        .Add("AddressType", o => o.AddressType)
        .Add("Ports", o => TableText.Some([.. o.Ports.Select(port => port.Port?.ToString() ?? port.Name ?? "*")], Shown, TableText.Unset))
        .Add("Endpoints", o => TableText.Some([.. o.Endpoints.SelectMany(endpoint => endpoint.Addresses)], Shown, TableText.Unset))
        .Age()
        .Build();

    public static TableColumns IngressClasses { get; } = TableColumns.For<IngressClass>()
        .Name()
        .Add("Controller", o => o.Spec.Controller)
        .Add("Parameters", Parameters)
        .Age()
        .Build();

    public static TableColumns Ingresses { get; } = TableColumns.For<Ingress>()
        .Name()
        .Add("Class", o => o.Spec.IngressClassName ?? TableText.None)
        .Add("Hosts", Hosts)
        .Add("Address", o => TableText.Ingress(o.Status.LoadBalancer.Ingress.Select(point => (point.Ip, point.Hostname))))
        .Add("Ports", o => o.Spec.Tls.Count > 0 ? "80, 443" : "80")
        .Age()
        .Build();

    public static TableColumns IPAddresses { get; } = TableColumns.For<IPAddress>()
        .Name()
        .Add("ParentRef", Parent)
        .Build();

    public static TableColumns NetworkPolicies { get; } = TableColumns.For<NetworkPolicy>()
        .Name()
        .Add("Pod-Selector", o => TableText.Selector(o.Spec.PodSelector ?? new()))
        .Age()
        .Build();

    public static TableColumns ServiceCidrs { get; } = TableColumns.For<ServiceCIDR>()
        .Name()
        .Add("CIDRs", o => TableText.Join(o.Spec.Cidrs))
        .Age()
        .Build();

    private static Cell Parameters(IngressClass o) =>
        o.Spec.Parameters is not { } parameters ? TableText.None
        : $"{parameters.Kind}{(parameters.ApiGroup is { } group ? "." + group : "")}/{parameters.Name}";

    // Rules without a host count for how many more there are.
    private static Cell Hosts(Ingress o)
    {
        var hosts = new List<string>();
        var more = false;
        foreach (var rule in o.Spec.Rules)
        {
            more |= hosts.Count == Shown;
            if (!more && rule.Host.Length > 0)
                hosts.Add(rule.Host);
        }

        if (hosts.Count == 0)
            return "*";
        return more ? $"{TableText.Join(hosts)} + {o.Spec.Rules.Count - Shown} more..." : TableText.Join(hosts);
    }

    private static Cell Parent(IPAddress o)
    {
        if (o.Spec.ParentRef is not { } parent)
            return TableText.None;
        var resource = parent.Group.Length > 0 ? $"{parent.Resource}.{parent.Group}" : parent.Resource;
        return parent.Namespace.Length > 0 ? $"{resource}/{parent.Namespace}/{parent.Name}".ToLowerInvariant() : $"{resource}/{parent.Name}".ToLowerInvariant();
    }
}
