using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>What a service of its type has.</summary>
internal static class ServiceNeeds
{
    public static bool IsHeadless(Service s) => s.Spec.ClusterIP == "None" || (s.Spec.ClusterIPs.Count > 0 && s.Spec.ClusterIPs[0] == "None");

    public static bool ClusterIP(Service s) => s.Spec.Type is "ClusterIP" or "NodePort" or "LoadBalancer";

    public static bool NodePorts(Service s) => s.Spec.Type == "NodePort"
        || (s.Spec.Type == "LoadBalancer" && s.Spec.AllocateLoadBalancerNodePorts != false);

    public static bool HealthCheckNodePort(Service s) => s.Spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" };

    public static bool ExternallyAccessible(Service s) =>
        s.Spec.Type is "LoadBalancer" or "NodePort" || (s.Spec.Type == "ClusterIP" && s.Spec.ExternalIPs.Count > 0);
}
