using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;

namespace Coxswain.Proxy.Tests;

/// <summary>Services and slices as the API serves them.</summary>
internal static class ProxyData
{
    public static Service Service(string name, string ip, ServiceSpec? spec = null) => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = (spec ?? new ServiceSpec { Type = "ClusterIP" }) with
        {
            ClusterIP = ip,
            ClusterIPs = [ip],
            Ports = spec is { Ports.Count: > 0 } ? spec.Ports : [new() { Port = 80, Protocol = "TCP", NodePort = spec?.Type is "NodePort" ? 30080 : 0 }],
        },
    };

    public static EndpointSlice Slice(string service, params Endpoint[] endpoints) => new()
    {
        Metadata = new() { Namespace = "default", Name = service + "-1", Labels = ApiMap.Of("kubernetes.io/service-name", service) },
        AddressType = "IPv4",
        Ports = [new() { Name = "", Port = 8080, Protocol = "TCP" }],
        Endpoints = endpoints.ToApiList(),
    };

    public static Endpoint Ready(string ip, string node = "here") =>
        new() { Addresses = [ip], NodeName = node, Conditions = new() { Ready = true, Serving = true, Terminating = false } };

    public static Endpoint Terminating(string ip, string node = "here") =>
        new() { Addresses = [ip], NodeName = node, Conditions = new() { Ready = false, Serving = true, Terminating = true } };

    public static NftablesRenderer Renderer { get; } = new("test_services", "10.244.0.0/24", "10.96.0.0/16");

    public static NftablesRuleset Rules(IEnumerable<Service> services, params EndpointSlice[] slices) =>
        Renderer.Render(ServiceMap.Build(services, slices, "here"));
}
