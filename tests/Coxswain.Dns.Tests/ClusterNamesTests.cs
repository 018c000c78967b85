using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;
using Coxswain.Dns.Wire;

namespace Coxswain.Dns.Tests;

public sealed class ClusterNamesTests : IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly InformerFactory _informers = new(new ListOnlyApiClient(
        new Namespace { Metadata = new() { Name = "default" } },
        new Namespace { Metadata = new() { Name = "empty" } },
        new Service
        {
            Metadata = new() { Namespace = "default", Name = "web" },
            Spec = new() { Type = "ClusterIP", ClusterIP = "10.96.0.7", ClusterIPs = ["10.96.0.7"], Ports = [new() { Name = "http", Port = 80, Protocol = "TCP" }] },
        },
        new Service
        {
            Metadata = new() { Namespace = "default", Name = "dual" },
            Spec = new() { Type = "ClusterIP", ClusterIP = "10.96.0.8", ClusterIPs = ["10.96.0.8", "fd00::8"] },
        },
        new Service
        {
            Metadata = new() { Namespace = "default", Name = "db" },
            Spec = new() { Type = "ClusterIP", ClusterIP = "None", ClusterIPs = ["None"], Ports = [new() { Name = "redis", Port = 6379, Protocol = "TCP" }] },
        },
        new Service { Metadata = new() { Namespace = "default", Name = "out" }, Spec = new() { Type = "ExternalName", ExternalName = "Example.COM." } },
        new Service { Metadata = new() { Namespace = "default", Name = "alias" }, Spec = new() { Type = "ExternalName", ExternalName = "web.default.svc.cluster.local" } },
        new EndpointSlice
        {
            Metadata = new() { Namespace = "default", Name = "db-1", Labels = ApiMap.Of("kubernetes.io/service-name", "db") },
            AddressType = "IPv4",
            Ports = [new() { Name = "redis", Port = 6379, Protocol = "TCP" }],
            Endpoints =
            [
                new() { Addresses = ["10.244.0.5"], Hostname = "db-0", Conditions = new() { Ready = true } },
                new() { Addresses = ["10.244.0.6"], Conditions = new() { Ready = true } },
                new() { Addresses = ["10.244.0.7"], Hostname = "db-2", Conditions = new() { Ready = false } },
            ],
        }), TimeProvider.System);

    private DnsResolver _resolver = null!;

    public async ValueTask InitializeAsync()
    {
        _resolver = new(new("cluster.local", _informers, TimeProvider.System), new([], TimeProvider.System), new(TimeProvider.System));
        _informers.Start();
        await _informers.WaitForSyncAsync(Cancellation);
    }

    public ValueTask DisposeAsync() => _informers.DisposeAsync();

    private async Task<Messages.Response> Ask(string name, DnsType type, int? edns = null) =>
        Messages.Read((await _resolver.AnswerAsync(Messages.Query(name, type, edns: edns), overTcp: false, Cancellation))!);

    [Theory]
    [InlineData("web.default.svc.cluster.local", DnsType.A, "web.default.svc.cluster.local A 10.96.0.7")]
    [InlineData("WEB.Default.svc.Cluster.local", DnsType.A, "web.default.svc.cluster.local A 10.96.0.7")]
    [InlineData("dual.default.svc.cluster.local", DnsType.Aaaa, "dual.default.svc.cluster.local Aaaa fd00::8")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", DnsType.Srv, "_http._tcp.web.default.svc.cluster.local Srv 0 100 80 web.default.svc.cluster.local")]
    [InlineData("db-0.db.default.svc.cluster.local", DnsType.A, "db-0.db.default.svc.cluster.local A 10.244.0.5")]
    [InlineData("10-244-0-6.db.default.svc.cluster.local", DnsType.A, "10-244-0-6.db.default.svc.cluster.local A 10.244.0.6")]
    [InlineData("out.default.svc.cluster.local", DnsType.A, "out.default.svc.cluster.local Cname example.com")]
    [InlineData("7.0.96.10.in-addr.arpa", DnsType.Ptr, "7.0.96.10.in-addr.arpa Ptr web.default.svc.cluster.local")]
    [InlineData("5.0.244.10.in-addr.arpa", DnsType.Ptr, "5.0.244.10.in-addr.arpa Ptr db-0.db.default.svc.cluster.local")]
    [InlineData("10-244-0-9.default.pod.cluster.local", DnsType.A, "10-244-0-9.default.pod.cluster.local A 10.244.0.9")]
    [InlineData("dns-version.cluster.local", DnsType.Txt, "dns-version.cluster.local Txt 1.1.0")]
    public async Task A_name_of_the_cluster_has_one_answer(string name, DnsType type, string answer)
    {
        var response = await Ask(name, type);
        Assert.Equal((DnsResponseCode.NoError, true), (response.Code, response.Authoritative));
        Assert.Equal([answer], response.Answers);
    }

    [Fact]
    public async Task A_headless_service_answers_with_its_ready_endpoints()
    {
        var response = await Ask("db.default.svc.cluster.local", DnsType.A);
        Assert.Equal(["db.default.svc.cluster.local A 10.244.0.5", "db.default.svc.cluster.local A 10.244.0.6"], response.Answers);
    }

    [Fact]
    public async Task The_ports_of_a_headless_service_come_with_the_addresses_of_their_targets()
    {
        var response = await Ask("_redis._tcp.db.default.svc.cluster.local", DnsType.Srv, edns: 1232);
        Assert.Equal(
        [
            "_redis._tcp.db.default.svc.cluster.local Srv 0 100 6379 db-0.db.default.svc.cluster.local",
            "_redis._tcp.db.default.svc.cluster.local Srv 0 100 6379 10-244-0-6.db.default.svc.cluster.local",
        ], response.Answers);
        Assert.Contains("db-0.db.default.svc.cluster.local A 10.244.0.5", response.Additional);
    }

    [Fact]
    public async Task An_alias_for_a_name_of_the_cluster_is_followed()
    {
        var response = await Ask("alias.default.svc.cluster.local", DnsType.A);
        Assert.Equal(["alias.default.svc.cluster.local Cname web.default.svc.cluster.local", "web.default.svc.cluster.local A 10.96.0.7"], response.Answers);
    }

    [Theory]
    [InlineData("nothing.default.svc.cluster.local")]
    [InlineData("web.nowhere.svc.cluster.local")]
    [InlineData("nowhere.svc.cluster.local")]
    [InlineData("db-2.db.default.svc.cluster.local")]
    [InlineData("x.web.default.svc.cluster.local")]
    [InlineData("_http._udp.web.default.svc.cluster.local")]
    [InlineData("10-244-0-9.nowhere.pod.cluster.local")]
    [InlineData("a.b.c.cluster.local")]
    public async Task A_name_that_is_not_there_is_denied_with_the_time_that_this_may_be_kept(string name)
    {
        var response = await Ask(name, DnsType.A);
        Assert.Equal(DnsResponseCode.NameError, response.Code);
        Assert.StartsWith("cluster.local Soa", Assert.Single(response.Authority), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local", DnsType.Aaaa)]
    [InlineData("default.svc.cluster.local", DnsType.A)]
    [InlineData("empty.svc.cluster.local", DnsType.A)]
    [InlineData("cluster.local", DnsType.A)]
    public async Task A_name_without_records_of_the_type_is_not_denied(string name, DnsType type)
    {
        var response = await Ask(name, type);
        Assert.Equal(DnsResponseCode.NoError, response.Code);
        Assert.Empty(response.Answers);
        Assert.Single(response.Authority);
    }

    [Fact]
    public async Task Other_names_are_refused_when_there_is_nobody_to_ask()
    {
        Assert.Equal(DnsResponseCode.Refused, (await Ask("example.com", DnsType.A)).Code);
    }

    [Fact]
    public async Task Before_the_cluster_is_known_no_name_is_denied()
    {
        var fresh = new InformerFactory(new ListOnlyApiClient(), TimeProvider.System);
        await using var _ = fresh;
        var resolver = new DnsResolver(new("cluster.local", fresh, TimeProvider.System), new([], TimeProvider.System), new(TimeProvider.System));
        var response = Messages.Read((await resolver.AnswerAsync(Messages.Query("web.default.svc.cluster.local", DnsType.A), false, Cancellation))!);
        Assert.Equal(DnsResponseCode.ServerFailure, response.Code);
    }
}
