using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Fills in what services leave out.</summary>
internal static class ServiceDefaults
{
    private const int AffinitySeconds = 10800;

    public static Service Apply(Service o)
    {
        var spec = o.Spec with
        {
            SessionAffinity = VolumeDefaults.Or(o.Spec.SessionAffinity, "None"),
            Type = VolumeDefaults.Or(o.Spec.Type, "ClusterIP"),
        };
        if (spec.SessionAffinity == "None")
            spec = spec with { SessionAffinityConfig = null };
        else if (spec.SessionAffinity == "ClientIP" && spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is null)
            spec = spec with { SessionAffinityConfig = new SessionAffinityConfig { ClientIP = new ClientIPConfig { TimeoutSeconds = AffinitySeconds } } };

        var ports = spec.Ports;
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            if (port.Protocol.Length == 0)
                port = port with { Protocol = "TCP" };
            if (port.TargetPort is { IntValue: 0, StringValue.Length: 0 })
                port = port with { TargetPort = port.Port };
            if (!ReferenceEquals(port, ports[i]))
                ports = ports.SetItem(i, port);
        }

        o = o with { Spec = spec with { Ports = ports } };
        if (o.Spec.ExternalTrafficPolicy.Length == 0 && ServiceNeeds.ExternallyAccessible(o))
            o = o with { Spec = o.Spec with { ExternalTrafficPolicy = "Cluster" } };
        if (o.Spec.InternalTrafficPolicy is null && ServiceNeeds.ClusterIP(o))
            o = o with { Spec = o.Spec with { InternalTrafficPolicy = "Cluster" } };
        if (o.Spec.Type != "LoadBalancer")
            return o;
        if (o.Spec.AllocateLoadBalancerNodePorts is null)
            o = o with { Spec = o.Spec with { AllocateLoadBalancerNodePorts = true } };
        var ingress = o.Status.LoadBalancer.Ingress;
        for (var i = 0; i < ingress.Count; i++)
            if (ingress[i].Ip.Length > 0 && ingress[i].IpMode is null)
                ingress = ingress.SetItem(i, ingress[i] with { IpMode = "VIP" });
        return o with { Status = o.Status with { LoadBalancer = o.Status.LoadBalancer with { Ingress = ingress } } };
    }
}
