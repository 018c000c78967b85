using Coxswain.Api.Core.V1;
using static Coxswain.Proxy.Tests.ProxyData;

namespace Coxswain.Proxy.Tests;

public sealed class ServiceMapTests
{
    private static ServicePortRule Only(Service service, params Api.Discovery.V1.EndpointSlice[] slices) =>
        Assert.Single(ServiceMap.Build([service], slices, "here").Ports);

    [Fact]
    public void Endpoints_that_are_not_ready_get_no_traffic()
    {
        var waiting = Ready("10.244.0.3") with { Conditions = new() { Ready = false, Serving = false } };
        var rule = Only(Service("web", "10.96.0.7"), Slice("web", Ready("10.244.0.2"), waiting));
        Assert.Equal("10.244.0.2", Assert.Single(rule.Internal).Address);
    }

    [Fact]
    public void Terminating_endpoints_serve_on_when_nothing_else_does()
    {
        var rule = Only(Service("web", "10.96.0.7"), Slice("web", Terminating("10.244.0.2")));
        Assert.Equal("10.244.0.2", Assert.Single(rule.Internal).Address);
        rule = Only(Service("web", "10.96.0.7"), Slice("web", Terminating("10.244.0.2"), Ready("10.244.0.3")));
        Assert.Equal("10.244.0.3", Assert.Single(rule.Internal).Address);
    }

    [Fact]
    public void Headless_external_name_and_foreign_services_are_left_alone()
    {
        Assert.Empty(ServiceMap.Build(
        [
            Service("headless", "None"),
            Service("named", "", new() { Type = "ExternalName" }),
            Service("foreign", "10.96.0.8") with { Metadata = new() { Name = "foreign", Labels = Api.ApiMap.Of("service.kubernetes.io/service-proxy-name", "other") } },
        ], [], "here").Ports);
    }

    [Fact]
    public void The_policy_local_keeps_traffic_on_this_node()
    {
        var spec = new ServiceSpec { Type = "NodePort", ExternalTrafficPolicy = "Local", InternalTrafficPolicy = "Cluster" };
        var rule = Only(Service("web", "10.96.0.7", spec), Slice("web", Ready("10.244.0.2"), Ready("10.244.1.2", "there")));
        Assert.Equal(2, rule.Internal.Count);
        Assert.Equal("10.244.0.2", Assert.Single(rule.External).Address);
    }

    [Fact]
    public void An_endpoint_named_by_two_slices_counts_once()
    {
        var rule = Only(Service("web", "10.96.0.7"), Slice("web", Ready("10.244.0.2")), Slice("web", Ready("10.244.0.2")));
        Assert.Single(rule.Internal);
    }
}
