using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>What is legal for a service, but without effect, or not for long.</summary>
internal static class ServiceWarnings
{
    public static void Add(Service service, ICollection<string> warnings)
    {
        var (spec, path) = (service.Spec, Paths.Spec);
        if (service.Metadata.Annotations.ContainsKey("service.kubernetes.io/topology-aware-hints"))
            warnings.Add("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead");
        var headless = ServiceNeeds.IsHeadless(service);
        for (var i = 0; !headless && i < spec.ClusterIPs.Count; i++)
            AddressWarnings.Address(path.Child("clusterIPs").Index(i), spec.ClusterIPs[i], warnings);
        if (headless)
        {
            if (spec.LoadBalancerIP.Length > 0)
                warnings.Add("spec.loadBalancerIP is ignored for headless services");
            if (spec.ExternalIPs.Count > 0)
                warnings.Add("spec.externalIPs is ignored for headless services");
            if (spec.SessionAffinity != "None")
                warnings.Add("spec.SessionAffinity is ignored for headless services");
        }

        if (spec.ExternalIPs.Count > 0)
            warnings.Add("spec.externalIPs is deprecated");
        for (var i = 0; i < spec.ExternalIPs.Count; i++)
            AddressWarnings.Address(path.Child("externalIPs").Index(i), spec.ExternalIPs[i], warnings);
        if (spec.LoadBalancerIP.Length > 0)
            AddressWarnings.Address(path.Child("loadBalancerIP"), spec.LoadBalancerIP, warnings);
        for (var i = 0; i < spec.LoadBalancerSourceRanges.Count; i++)
            AddressWarnings.Cidr(path.Child("loadBalancerSourceRanges").Index(i), spec.LoadBalancerSourceRanges[i], warnings);
        if (spec.Type == "ExternalName" && spec.ExternalIPs.Count > 0)
            warnings.Add("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
        if (spec.Type != "ExternalName" && spec.ExternalName.Length > 0)
            warnings.Add("spec.externalName is ignored when spec.type is not \"ExternalName\"");
        if (spec.TrafficDistribution == "PreferClose")
            warnings.Add("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
    }
}
