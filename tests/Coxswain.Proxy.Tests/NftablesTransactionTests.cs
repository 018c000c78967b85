using Coxswain.Api.Core.V1;
using static Coxswain.Proxy.Tests.ProxyData;

namespace Coxswain.Proxy.Tests;

public sealed class NftablesTransactionTests
{
    [Fact]
    public void Nothing_changed_is_no_text()
    {
        var rules = Rules([Service("web", "10.96.0.7")], Slice("web", Ready("10.244.0.2")));
        Assert.Equal("", NftablesTransaction.Between(rules, Rules([Service("web", "10.96.0.7")], Slice("web", Ready("10.244.0.2")))));
    }

    [Fact]
    public void A_change_of_one_service_among_a_thousand_names_that_service_only()
    {
        var services = Enumerable.Range(0, 1000).Select(i => Service($"s{i}", $"10.96.{i / 250}.{i % 250 + 1}")).ToList();
        var slices = Enumerable.Range(0, 1000).Select(i => Slice($"s{i}", Ready($"10.244.0.{i % 250 + 1}"))).ToArray();
        var before = Rules(services, slices);
        slices[500] = Slice("s500", Ready("10.244.0.251"));
        var text = NftablesTransaction.Between(before, Rules(services, slices));
        Assert.InRange(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, 1, 8);
    }

    /// <summary>Random histories, each step given to the real nft in check mode would need root; here the text is run by a small model of
    /// nft's rules on order, which refuses what nft refuses.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_step_of_a_random_history_refers_only_to_what_exists_and_ends_where_it_should(int seed)
    {
        var random = new Random(seed);
        var model = new NftablesModel();
        var before = new NftablesRuleset("test_services");
        for (var step = 0; step < 60; step++)
        {
            var services = new List<Service>();
            var slices = new List<Api.Discovery.V1.EndpointSlice>();
            for (var i = 0; i < 6; i++)
            {
                if (random.Next(3) == 0)
                    continue;
                var spec = new ServiceSpec
                {
                    Type = random.Next(2) == 0 ? "ClusterIP" : "NodePort",
                    ExternalTrafficPolicy = random.Next(2) == 0 ? "Local" : "Cluster",
                    SessionAffinity = random.Next(2) == 0 ? "ClientIP" : "None",
                    SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = random.Next(1, 3) } },
                    Ports = [new() { Port = 80, Protocol = "TCP", NodePort = 30000 + i }],
                };
                services.Add(Service($"s{i}", $"10.96.0.{i + 1}", spec));
                slices.Add(Slice($"s{i}", [.. Enumerable.Range(0, random.Next(4)).Select(e => Ready($"10.244.0.{e + 2}", random.Next(2) == 0 ? "here" : "there"))]));
            }

            var after = Rules(services, [.. slices]);
            model.Run(NftablesTransaction.Between(before, after));
            model.AssertIs(after);
            before = after;
        }
    }
}
