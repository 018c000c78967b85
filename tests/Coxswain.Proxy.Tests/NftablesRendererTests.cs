using Coxswain.Api.Core.V1;
using static Coxswain.Proxy.Tests.ProxyData;

namespace Coxswain.Proxy.Tests;

public sealed class NftablesRendererTests
{
    [Fact]
    public void A_service_is_one_map_element_a_chain_that_chooses_and_a_chain_an_endpoint()
    {
        var text = NftablesTransaction.Between(new("test_services"),
            Rules([Service("web", "10.96.0.7")], Slice("web", Ready("10.244.0.2"), Ready("10.244.0.3"))));
        Assert.Equal(
            """
            add chain ip test_services endpoint-HASH-10_244_0_2-8080
            add chain ip test_services endpoint-HASH-10_244_0_3-8080
            add chain ip test_services service-HASH
            add rule ip test_services endpoint-HASH-10_244_0_2-8080 ip saddr 10.244.0.2 jump mark-for-masquerade
            add rule ip test_services endpoint-HASH-10_244_0_2-8080 meta l4proto tcp dnat to 10.244.0.2:8080
            add rule ip test_services endpoint-HASH-10_244_0_3-8080 ip saddr 10.244.0.3 jump mark-for-masquerade
            add rule ip test_services endpoint-HASH-10_244_0_3-8080 meta l4proto tcp dnat to 10.244.0.3:8080
            add rule ip test_services service-HASH ip saddr != 10.244.0.0/24 jump mark-for-masquerade
            add rule ip test_services service-HASH numgen random mod 2 vmap { 0 : goto endpoint-HASH-10_244_0_2-8080, 1 : goto endpoint-HASH-10_244_0_3-8080 }
            add element ip test_services service-ips { 10.96.0.7 . tcp . 80 : goto service-HASH }

            """, WithoutHash(text));
    }

    [Fact]
    public void A_service_without_endpoints_is_refused_rather_than_left_to_time_out()
    {
        var rules = Rules([Service("web", "10.96.0.7", new() { Type = "NodePort" })]);
        Assert.Equal("goto refuse", rules.Maps["no-endpoint-ips"]["10.96.0.7 . tcp . 80"]);
        Assert.Equal("goto refuse", rules.Maps["no-endpoint-node-ports"]["tcp . 30080"]);
        Assert.Empty(rules.Chains);
    }

    [Fact]
    public void External_traffic_without_a_local_endpoint_is_dropped_under_policy_local()
    {
        var spec = new ServiceSpec { Type = "NodePort", ExternalTrafficPolicy = "Local" };
        var rules = Rules([Service("web", "10.96.0.7", spec)], Slice("web", Ready("10.244.1.2", "there")));
        Assert.Equal("drop", rules.Maps["no-endpoint-node-ports"]["tcp . 30080"]);
        Assert.True(rules.Maps["service-ips"].ContainsKey("10.96.0.7 . tcp . 80"));
    }

    [Fact]
    public void Session_affinity_remembers_clients_in_a_set_with_a_time_out()
    {
        var spec = new ServiceSpec { Type = "ClusterIP", SessionAffinity = "ClientIP", SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = 60 } } };
        var rules = Rules([Service("web", "10.96.0.7", spec)], Slice("web", Ready("10.244.0.2")));
        Assert.Contains("timeout 60s", Assert.Single(rules.AffinitySets).Value, StringComparison.Ordinal);
        Assert.Contains(rules.Chains.Values.SelectMany(c => c), r => r.StartsWith("update @affinity-", StringComparison.Ordinal));
    }

    [Fact]
    public void Source_ranges_guard_the_load_balancers_address_and_not_the_cluster_ip()
    {
        var spec = new ServiceSpec { Type = "LoadBalancer", LoadBalancerSourceRanges = ["192.0.2.0/24"], ExternalIPs = ["198.51.100.9"] };
        var rules = Rules([Service("web", "10.96.0.7", spec)], Slice("web", Ready("10.244.0.2")));
        Assert.StartsWith("goto firewall-", rules.Maps["service-ips"]["198.51.100.9 . tcp . 80"], StringComparison.Ordinal);
        Assert.StartsWith("goto service-", rules.Maps["service-ips"]["10.96.0.7 . tcp . 80"], StringComparison.Ordinal);
        Assert.Contains(rules.Chains, c => c.Key.StartsWith("firewall-", StringComparison.Ordinal) && c.Value[^1] == "drop");
    }

    internal static string WithoutHash(string text) => System.Text.RegularExpressions.Regex.Replace(text, "-[0-9a-f]{12}", "-HASH");
}
