using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Api.Networking.V1;

namespace Coxswain.ApiServer.Tests.Registry;

/// <summary>Services, and all that names addresses and ranges.</summary>
public sealed class NetworkRulesTests
{
    private static string Service(string spec, string annotations = "") =>
        "{\"metadata\":{\"name\":\"s\",\"annotations\":{" + annotations + "}},\"spec\":{\"ipFamilyPolicy\":\"SingleStack\",\"ports\":[{\"port\":80}]" + spec + "}}";

    [Theory]
    [InlineData(""","clusterIPs":["10.0.0.1"]""", "spec.clusterIPs: Invalid value: [\"10.0.0.1\"]: must be empty when `clusterIP` is not specified")]
    [InlineData(""","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.2"]""", "spec.clusterIPs: Invalid value: [\"10.0.0.2\"]: first value must match `clusterIP`")]
    [InlineData(""","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","10.0.0.2"]""",
        "spec.clusterIPs: Invalid value: [\"10.0.0.1\",\"10.0.0.2\"]: may specify no more than one IP for each IP family")]
    [InlineData(""","clusterIP":"fd00::1","clusterIPs":["fd00::1"],"ipFamilies":["IPv4"]""",
        "spec.clusterIPs[0]: Invalid value: \"fd00::1\": expected an IPv4 value as indicated by `ipFamilies[0]`")]
    [InlineData(""","ipFamilies":["IPv4","IPv4","x"]""",
        "spec.ipFamilies[1]: Duplicate value: \"IPv4\"", "spec.ipFamilies[2]: Unsupported value: \"x\": supported values: \"IPv4\", \"IPv6\"")]
    [InlineData(""","externalIPs":["010.0.0.1","::ffff:10.0.0.1"]""",
        "spec.externalIPs[0]: Invalid value: \"010.0.0.1\": must not have leading 0s",
        "spec.externalIPs[1]: Invalid value: \"::ffff:10.0.0.1\": must not be an IPv4-mapped IPv6 address")]
    [InlineData(""","type":"LoadBalancer","loadBalancerSourceRanges":[" 10.0.0.1/8 "]""",
        "spec.LoadBalancerSourceRanges[0]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length")]
    public void What_a_service_may_not_say(string spec, params string[] causes) => Assert.Equal(causes, Rules.Causes<Service>(Service(spec)));

    [Fact]
    public void Annotations_of_services() => Assert.Equal(
        [
            "metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: \"Auto\": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified",
            "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ],
        Rules.Causes<Service>(Service("",
            """ "service.kubernetes.io/topology-mode":"Auto","service.kubernetes.io/topology-aware-hints":"x","service.beta.kubernetes.io/load-balancer-source-ranges":"10.0.0.0/8" """)));

    [Fact]
    public void What_was_given_to_a_service_stays()
    {
        var old = Rules.Create<Service>(Service(""","type":"LoadBalancer","loadBalancerClass":"a.io/b","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","fd00::1"],"ipFamilies":["IPv4","IPv6"],"ipFamilyPolicy":"RequireDualStack" """));
        Assert.Equal(
            [
                "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP",
                "spec.loadBalancerClass: Invalid value: \"a.io/c\": may not change once set",
            ],
            Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { ClusterIPs = ["10.0.0.1"], LoadBalancerClass = "a.io/c" } }));
        Assert.Equal("spec.ipFamilies[0]: Invalid value: [\"IPv6\",\"IPv4\"]: may not change once set",
            Rules.UpdateCauses(old, o => o with { Spec = o.Spec with { IpFamilies = ["IPv6", "IPv4"] } })[0]);
    }

    [Fact]
    public void Warnings_of_services() => Assert.Equal(
        [
            "spec.externalIPs is ignored for headless services", "spec.SessionAffinity is ignored for headless services", "spec.externalIPs is deprecated",
            "spec.externalName is ignored when spec.type is not \"ExternalName\"", "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
        ],
        Rules.Warnings<Service>(Service(""","clusterIP":"None","externalIPs":["192.0.2.1"],"sessionAffinity":"ClientIP","externalName":"x","trafficDistribution":"PreferClose" """)));

    [Theory]
    [InlineData("10.0.0.1/8", "must not have bits set beyond the prefix length")]
    [InlineData("10.0.0.0/08", "must not have leading 0s in IP or prefix length")]
    [InlineData("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address")]
    [InlineData("x", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    public void Ranges_of_policies(string range, string message) => Assert.Equal(
        [$"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"{range}\": {message}"],
        Rules.Causes<NetworkPolicy>($$$"""{"metadata":{"name":"p"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"{{{range}}}"}}]}]}}"""));

    [Fact]
    public void Ranges_of_services_are_canonical() => Assert.Equal(
        ["spec.cidrs[0]: Invalid value: \"FD00::/64\": must be in canonical form (\"fd00::/64\")"],
        Rules.Causes<ServiceCIDR>("""{"metadata":{"name":"c"},"spec":{"cidrs":["FD00::/64"]}}"""));

    [Fact]
    public void Slices_of_names_are_warned_of() => Assert.Equal(
        ["spec.addressType: FQDN endpoints are deprecated"], Rules.Warnings<EndpointSlice>("""{"metadata":{"name":"e"},"addressType":"FQDN"}"""));

    [Fact]
    public void Ingresses_are_warned_of_the_annotation() => Assert.Equal(
        ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"],
        Rules.Warnings<Ingress>("""{"metadata":{"name":"i","annotations":{"kubernetes.io/ingress.class":"a"}}}"""));
}
