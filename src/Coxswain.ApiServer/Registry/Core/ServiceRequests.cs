using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>Makes sense of what clients of all ages send: of fields that say the same twice, of values given out before, and
/// of fields that belong to another type.</summary>
internal static class ServiceRequests
{
    public static Service Normalize(Service o, Service? old) => ClusterIPs(old is null ? o : KeepGiven(o, old), old);

    /// <summary>Clears what only the old type had and the client merely sent back.</summary>
    public static Service DropTypeDependent(Service o, Service? old)
    {
        if (old is null)
            return o;
        var (spec, before) = (o.Spec, old.Spec);
        if (ServiceNeeds.ClusterIP(old) && !ServiceNeeds.ClusterIP(o))
        {
            if (spec.ClusterIP == before.ClusterIP && spec.ClusterIPs == before.ClusterIPs)
                spec = spec with { ClusterIP = "", ClusterIPs = default };
            if (spec.IpFamilies == before.IpFamilies)
                spec = spec with { IpFamilies = default };
            if (spec.IpFamilyPolicy == before.IpFamilyPolicy)
                spec = spec with { IpFamilyPolicy = null };
        }

        if (ServiceNeeds.NodePorts(old) && !ServiceNeeds.NodePorts(o) && SameNodePorts(old, o))
            for (var i = 0; i < spec.Ports.Count; i++)
                if (spec.Ports[i].NodePort != 0)
                    spec = spec with { Ports = spec.Ports.SetItem(i, spec.Ports[i] with { NodePort = 0 }) };
        if (ServiceNeeds.HealthCheckNodePort(old) && !ServiceNeeds.HealthCheckNodePort(o) && spec.HealthCheckNodePort == before.HealthCheckNodePort)
            spec = spec with { HealthCheckNodePort = 0 };
        if (before.Type == "LoadBalancer" && spec.Type != "LoadBalancer")
        {
            if (spec.AllocateLoadBalancerNodePorts == before.AllocateLoadBalancerNodePorts)
                spec = spec with { AllocateLoadBalancerNodePorts = null };
            if (spec.LoadBalancerClass == before.LoadBalancerClass)
                spec = spec with { LoadBalancerClass = null };
        }

        if (ServiceNeeds.ExternallyAccessible(old) && !ServiceNeeds.ExternallyAccessible(o) && spec.ExternalTrafficPolicy == before.ExternalTrafficPolicy)
            spec = spec with { ExternalTrafficPolicy = "" };
        if (spec.Type == "ExternalName" && before.Type != "ExternalName" && spec.InternalTrafficPolicy == before.InternalTrafficPolicy)
            spec = spec with { InternalTrafficPolicy = null };
        o = o with { Spec = spec };
        return spec.Type == "LoadBalancer" || before.Type != "LoadBalancer" ? o : o with { Status = o.Status with { LoadBalancer = LoadBalancerStatus.Empty } };
    }

    private static bool SameNodePorts(Service old, Service o)
    {
        // A port that is asked for anew is the client's error; only known ones may go silently.
        foreach (var port in o.Spec.Ports)
        {
            if (port.NodePort == 0)
                continue;
            var known = false;
            foreach (var before in old.Spec.Ports)
                known |= before.NodePort == port.NodePort;
            if (!known)
                return false;
        }

        return true;
    }

    /// <summary>What the server gave out and the client left empty stays.</summary>
    private static Service KeepGiven(Service o, Service old)
    {
        var spec = o.Spec;
        if (ServiceNeeds.ClusterIP(old) && ServiceNeeds.ClusterIP(o))
        {
            if (spec.ClusterIP.Length == 0)
                spec = spec with { ClusterIP = old.Spec.ClusterIP };
            if (spec.ClusterIPs.Count == 0 && spec.ClusterIP == old.Spec.ClusterIP)
                spec = spec with { ClusterIPs = old.Spec.ClusterIPs };
        }

        if (ServiceNeeds.NodePorts(old) && ServiceNeeds.NodePorts(o))
        {
            var used = new HashSet<int>();
            foreach (var port in spec.Ports)
                used.Add(port.NodePort);
            for (var i = 0; i < spec.Ports.Count; i++)
                if (spec.Ports[i].NodePort == 0 && NodePortOf(old, spec.Ports[i].Name) is var given && given != 0 && used.Add(given))
                    spec = spec with { Ports = spec.Ports.SetItem(i, spec.Ports[i] with { NodePort = given }) };
        }

        if (ServiceNeeds.HealthCheckNodePort(old) && ServiceNeeds.HealthCheckNodePort(o) && spec.HealthCheckNodePort == 0)
            spec = spec with { HealthCheckNodePort = old.Spec.HealthCheckNodePort };
        return o with { Spec = spec };
    }

    private static int NodePortOf(Service service, string name)
    {
        foreach (var port in service.Spec.Ports)
            if (port.Name == name)
                return port.NodePort;
        return 0;
    }

    /// <summary>clusterIP and the first of clusterIPs are one value; older clients change only clusterIP.</summary>
    private static Service ClusterIPs(Service o, Service? old)
    {
        var spec = o.Spec;
        if (old is null)
        {
            if (spec.ClusterIP.Length > 0 && spec.ClusterIPs.Count == 0)
                spec = spec with { ClusterIPs = [spec.ClusterIP] };
        }
        else if (spec.ClusterIP != old.Spec.ClusterIP && spec.ClusterIPs == old.Spec.ClusterIPs)
        {
            spec = spec with { ClusterIPs = spec.ClusterIP.Length == 0 ? default : [spec.ClusterIP] };
        }

        return o with { Spec = spec };
    }
}
