using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tables.Core;

internal static class ServiceColumns
{
    private const int EndpointsShown = 3;

    public static TableColumns Services { get; } = TableColumns.For<Service>()
        .Name()
        .Add("Type", service => service.Spec.Type)
        .Add("Cluster-IP", service => TableText.OrNone(service.Spec.ClusterIPs.Count > 0 ? service.Spec.ClusterIPs[0] : service.Spec.ClusterIP))
        .Add("External-IP", ExternalIP, description: "Where the service can be reached from outside the cluster.")
        .Add("Port(s)", service => TableText.OrNone(TableText.Join(service.Spec.Ports.Select(Port))))
        .Age()
        .Wide("Selector", service => TableText.Labels(service.Spec.Selector))
        .Build();

    public static TableColumns Endpoints { get; } = TableColumns.For<Endpoints>()
        .Name()
        .Add("Endpoints", Addresses, description: "The first of the addresses.")
        .Age()
        .Build();

    private static string Port(ServicePort port) =>
        port.NodePort > 0 ? $"{port.Port}:{port.NodePort}/{port.Protocol}" : $"{port.Port}/{port.Protocol}";

    private static Cell ExternalIP(Service service)
    {
        var own = TableText.Join(service.Spec.ExternalIPs);
        switch (service.Spec.Type)
        {
            case "ClusterIP" or "NodePort":
                return TableText.OrNone(own);
            case "LoadBalancer":
                var balancer = TableText.Ingress(service.Status.LoadBalancer.Ingress);
                var all = balancer.Length > 0 && own.Length > 0 ? $"{balancer},{own}" : balancer + own;
                return all.Length > 0 ? all : "<pending>";
            case "ExternalName":
                return service.Spec.ExternalName;
            default:
                return "<unknown>";
        }
    }

    private static Cell Addresses(Endpoints endpoints)
    {
        var all = new List<string>();
        foreach (var subset in endpoints.Subsets)
        {
            // Without ports the addresses stand alone.
            if (subset.Ports.Count == 0)
                all.AddRange(subset.Addresses.Select(address => address.Ip));
            foreach (var port in subset.Ports)
                all.AddRange(subset.Addresses.Select(address => $"{Host(address.Ip)}:{port.Port}"));
        }

        return endpoints.Subsets.Count == 0 ? TableText.None : TableText.Some(all, EndpointsShown, "");
    }

    private static string Host(string ip) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;
}
