using System.Collections.Concurrent;
using Coxswain.Api;
using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.ApiServer.Bootstrap;
using Coxswain.ApiServer.Registry.Core;
using Coxswain.Client;
using Coxswain.Storage;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>Several API servers on one store behave as one.</summary>
public sealed class SeveralServersTests
{
    public static TheoryData<string> Kinds => Servers.Kinds;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Addresses_and_node_ports_are_given_once_whoever_gives_them(string kind)
    {
        await using var servers = await Servers.StartAsync(kind);
        var made = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => (i % 2 == 0 ? servers.A : servers.B).Admin.CreateAsync(NodePortService($"s{i}"), Cancellation))));

        Assert.Equal(40, made.Select(s => s.Spec.ClusterIP).Distinct().Count());
        var ports = made.Select(s => s.Spec.Ports[0].NodePort).ToHashSet();
        Assert.Equal(40, ports.Count);
        var stored = (await servers.A.Store.GetAsync(NodePortPool.Key, Cancellation))!;
        var allocation = (RangeAllocation)CodecTable.Find(new("", "v1", "RangeAllocation"))!.ReadJson(stored.Value.Span, null);
        Assert.Equal("30000-32767", allocation.Range);
        Assert.Equal(ports.Order(), PortBitmap.Read(new(30000, 32767), allocation.Data.Span).Taken());

        // What one gave, the other refuses and takes back.
        var taken = NodePortService("again") with { Spec = NodePortService("again").Spec with { Ports = [new() { Port = 80, NodePort = made[0].Spec.Ports[0].NodePort }] } };
        var refused = await Assert.ThrowsAsync<ApiException>(() => servers.B.Admin.CreateAsync(taken, Cancellation));
        Assert.Contains("provided port is already allocated", refused.Message, StringComparison.Ordinal);
        await servers.B.Admin.DeleteAsync<Service>(new("default", "s0"), null, Cancellation);
        Assert.Equal(made[0].Spec.Ports[0].NodePort, (await servers.A.Admin.CreateAsync(taken, Cancellation)).Spec.Ports[0].NodePort);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_acknowledged_by_one_is_read_from_the_other(string kind)
    {
        await using var servers = await Servers.StartAsync(kind);
        var map = await servers.A.Admin.CreateAsync(Map("m", "0"), Cancellation);
        for (var i = 1; i <= 50; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (servers.A, servers.B) : (servers.B, servers.A);
            map = await writer.Admin.UpdateAsync(map with { Data = ApiMap.Of("k", $"{i}") }, Cancellation);
            var read = await reader.Admin.GetAsync<ConfigMap>(new("default", "m"), Cancellation);
            Assert.Equal(map, read);
            Assert.Equal(map, (await reader.Admin.ListAsync<ConfigMap>(new() { Namespace = "default", FieldSelector = "metadata.name=m" }, Cancellation)).Items.Single());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Watches_of_both_see_the_writes_of_both_in_one_order_without_gaps(string kind)
    {
        const int Writers = 4, Writes = 25;
        await using var servers = await Servers.StartAsync(kind);
        await servers.A.Admin.CreateAsync(new Namespace { Metadata = new() { Name = "w" } }, Cancellation);
        var start = (await servers.A.Admin.ListAsync<ConfigMap>(new() { Namespace = "w" }, Cancellation)).ResourceVersion;
        var watching = new[] { servers.A, servers.B }.Select(s => Task.Run(() => CollectAsync(s, start, Writers * Writes))).ToList();
        var written = new ConcurrentBag<(string Name, string Value, long Revision)>();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            ConfigMap? map = null;
            for (var i = 0; i < Writes; i++)
            {
                var api = ((w + i) % 2 == 0 ? servers.A : servers.B).Admin;
                map = map is null
                    ? await api.CreateAsync(Map($"m{w}", $"{i}", "w"), Cancellation)
                    : await api.UpdateAsync(map with { Data = ApiMap.Of("k", $"{i}") }, Cancellation);
                written.Add((map.Metadata.Name, $"{i}", long.Parse(map.Metadata.ResourceVersion, null)));
            }
        })));

        var expected = written.OrderBy(w => w.Revision).ToList();
        foreach (var watch in watching)
            Assert.Equal(expected, await watch);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_quota_is_kept_by_both_together(string kind)
    {
        await using var servers = await Servers.StartAsync(kind);
        await servers.A.Admin.CreateAsync(new Namespace { Metadata = new() { Name = "q" } }, Cancellation);
        var hard = ApiMap.Of("count/configmaps", Quantity.Parse("10"));
        var quota = await servers.A.Admin.CreateAsync(new ResourceQuota { Metadata = new() { Name = "ten", Namespace = "q" }, Spec = new() { Hard = hard } }, Cancellation);
        quota = await servers.A.Admin.UpdateStatusAsync(quota with { Status = new() { Hard = hard, Used = ApiMap.Of("count/configmaps", Quantity.Parse("0")) } }, Cancellation);
        // A quota counts where it has come to be known.
        await Eventually.TrueAsync(() => servers.B.Server.Registries.Find<ResourceQuota>(new("q", "ten"))?.Status.Hard.Count > 0, cancellation: Cancellation);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(async () =>
        {
            try
            {
                await (i % 2 == 0 ? servers.A : servers.B).Admin.CreateAsync(Map($"m{i}", "", "q"), Cancellation);
                return true;
            }
            catch (ApiException refused) when (refused.Code == 403)
            {
                return false;
            }
        })));

        Assert.Equal(10, outcomes.Count(created => created));
        Assert.Equal(10, (await servers.B.Admin.ListAsync<ConfigMap>(new() { Namespace = "q" }, Cancellation)).Items.Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_definition_made_through_one_is_served_by_the_other(string kind)
    {
        await using var servers = await Servers.StartAsync(kind);
        using var a = new Conformance.Api(servers.A);
        using var b = new Conformance.Api(servers.B);
        foreach (var (i, api) in new[] { a, b, a }.Index())
        {
            (await api.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
                {"metadata":{"name":"things{{{i}}}.t{{{i}}}.example"},"spec":{"group":"t{{{i}}}.example","scope":"Namespaced","names":{"plural":"things{{{i}}}","kind":"Thing{{{i}}}"},
                "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]} }
                """)).Expect(201);
        }

        foreach (var i in new[] { 0, 1, 2 })
        {
            var path = $"/apis/t{i}.example/v1/namespaces/default/things{i}";
            await a.UntilAsync(() => a.GetAsync($"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things{i}.t{i}.example"),
                answer => answer.Text.Contains("\"type\":\"Established\"", StringComparison.Ordinal));
            (await b.PostAsync(path, $$$"""{"apiVersion":"t{{{i}}}.example/v1","kind":"Thing{{{i}}}","metadata":{"name":"x"}}""")).Expect(201);
            (await a.GetAsync(path + "/x")).Expect(200);
            await a.UntilAsync(() => a.GetAsync($"/apis/apiregistration.k8s.io/v1/apiservices/v1.t{i}.example"), answer => answer.Code == 200);
        }

        // Gone through the other, with its objects.
        (await b.DeleteAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things0.t0.example")).Expect(200);
        await a.UntilAsync(() => a.GetAsync("/apis/t0.example/v1/namespaces/default/things0/x"), answer => answer.Code == 404);
        await a.UntilAsync(() => a.GetAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things0.t0.example"), answer => answer.Code == 404);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_kubernetes_service_names_the_servers_that_are_alive(string kind)
    {
        await using var servers = await Servers.StartAsync(kind, new() { AdvertiseAddress = "10.0.0.1" }, o => o with { AdvertiseAddress = "10.0.0.2" });
        Assert.Equal(["10.0.0.1", "10.0.0.2"], await NamedAsync(servers.A.Admin));
        Assert.NotNull(await servers.A.Store.GetAsync(ServerLeases.Prefix + "10.0.0.2", Cancellation));

        await servers.StopSecondAsync();

        Assert.Equal(["10.0.0.1"], await NamedAsync(servers.A.Admin));
        Assert.Null(await servers.A.Store.GetAsync(ServerLeases.Prefix + "10.0.0.2", Cancellation));
    }

    [Fact]
    public async Task A_server_that_died_is_named_no_more_once_its_lease_is_over()
    {
        var clock = new FakeClock();
        await using var cluster = await TestCluster.StartAsync(Cancellation, new() { AdvertiseAddress = "10.0.0.1" }, clock);
        var other = new ServerLeases(cluster.Store, "10.0.0.9", clock);
        await Eventually.TrueAsync(async () =>
        {
            await other.RenewAsync(Cancellation);
            clock.Advance(TimeSpan.FromSeconds(10));
            return (await NamedAsync(cluster.Admin)).SequenceEqual(["10.0.0.1", "10.0.0.9"]);
        }, cancellation: Cancellation);

        // As long as it renews, it stays, whatever its clock says.
        for (var i = 0; i < 3; i++)
        {
            await other.RenewAsync(Cancellation);
            var before = (await cluster.Store.GetAsync(ServerLeases.Prefix + "10.0.0.1", Cancellation))!.ModRevision;
            clock.Advance(TimeSpan.FromSeconds(10));
            await Eventually.TrueAsync(async () => (await cluster.Store.GetAsync(ServerLeases.Prefix + "10.0.0.1", Cancellation))!.ModRevision > before, cancellation: Cancellation);
        }

        Assert.Equal(["10.0.0.1", "10.0.0.9"], await NamedAsync(cluster.Admin));
        await Eventually.TrueAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return (await NamedAsync(cluster.Admin)).SequenceEqual(["10.0.0.1"]);
        }, cancellation: Cancellation);
        Assert.Null(await cluster.Store.GetAsync(ServerLeases.Prefix + "10.0.0.9", Cancellation));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_leads_and_hands_over_at_once_when_it_ends(string kind)
    {
        await using var servers = await Servers.StartAsync(kind);
        var leading = 0;
        using var stopFirst = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var stopSecond = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var first = Candidate(servers.A, "first");
        var firstRun = first.RunAsync(LeadAsync, stopFirst.Token);
        await Eventually.TrueAsync(() => first.IsLeader, cancellation: Cancellation);
        var second = Candidate(servers.B, "second");
        var secondRun = second.RunAsync(LeadAsync, stopSecond.Token);
        await Eventually.TrueAsync(async () => (await servers.B.Admin.GetAsync<Lease>(new("kube-system", "test"), Cancellation)).Spec?.HolderIdentity == "first", cancellation: Cancellation);
        Assert.False(second.IsLeader);

        var asked = TimeProvider.System.GetTimestamp();
        await stopFirst.CancelAsync();
        await Eventually.TrueAsync(() => second.IsLeader, cancellation: Cancellation);

        Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0, 5);
        await firstRun;
        await stopSecond.CancelAsync();
        await secondRun;

        async Task LeadAsync(CancellationToken leadership)
        {
            Assert.Equal(1, Interlocked.Increment(ref leading));
            await Task.Delay(Timeout.Infinite, leadership).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref leading);
        }

        static LeaderElection Candidate(TestCluster server, string name) =>
            new(server.Admin, new() { Lease = new("kube-system", "test"), Identity = name }, TimeProvider.System, NullLogger.Instance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_clock_that_is_set_by_an_hour_changes_no_leader(int hours)
    {
        await using var cluster = await TestCluster.StartAsync(Cancellation);
        var clock = new ShiftedClock();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var options = new LeaderElectionOptions { Lease = new("kube-system", "test"), Identity = "first", RetryPeriod = TimeSpan.FromMilliseconds(20) };
        var first = new LeaderElection(cluster.Admin, options, clock, NullLogger.Instance);
        var second = new LeaderElection(cluster.Admin, options with { Identity = "second" }, TimeProvider.System, NullLogger.Instance);
        var firstRun = first.RunAsync(token => Task.Delay(Timeout.Infinite, token), stop.Token);
        await Eventually.TrueAsync(() => first.IsLeader, cancellation: Cancellation);
        var secondRun = second.RunAsync(token => Task.Delay(Timeout.Infinite, token), stop.Token);

        clock.Shift = TimeSpan.FromHours(hours);
        var renewed = 0;
        var last = "";
        await Eventually.TrueAsync(async () =>
        {
            var lease = await cluster.Admin.GetAsync<Lease>(options.Lease, Cancellation);
            Assert.Equal("first", lease.Spec?.HolderIdentity);
            renewed += lease.Metadata.ResourceVersion != last ? 1 : 0;
            last = lease.Metadata.ResourceVersion;
            return renewed > 10;
        }, cancellation: Cancellation);

        Assert.True(first.IsLeader);
        Assert.False(second.IsLeader);
        await stop.CancelAsync();
        await firstRun;
        await secondRun;
    }

    /// <summary>The machine's clock, set wrong.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Events_are_given_their_time_to_live_where_the_store_keeps_it(bool expires)
    {
        var store = new RecordingStore(new MemoryStore(), expires);
        await using var cluster = await TestCluster.StartOnAsync(store, Cancellation, new() { EventTtl = TimeSpan.FromMinutes(5) });
        var made = await cluster.Admin.CreateAsync(new Event
        {
            Metadata = new() { Name = "e", Namespace = "default" },
            InvolvedObject = new() { Kind = "Pod", Namespace = "default", Name = "p" },
            Reason = "Test",
            Type = "Normal",
        }, Cancellation);
        await cluster.Admin.UpdateAsync(made with { Count = 2 }, Cancellation);
        await cluster.Admin.CreateAsync(Map("m", ""), Cancellation);

        Assert.All(store.Writes.Where(w => w.Key == "/registry/events/default/e"), w => Assert.Equal(TimeSpan.FromMinutes(5), w.TimeToLive));
        Assert.Equal(2, store.Writes.Count(w => w.Key == "/registry/events/default/e"));
        Assert.All(store.Writes.Where(w => w.Key.StartsWith("/registry/configmaps/", StringComparison.Ordinal)), w => Assert.Null(w.TimeToLive));
    }

    private static async Task<List<(string, string, long)>> CollectAsync(TestCluster server, string after, int count)
    {
        var seen = new List<(string, string, long)>();
        await foreach (var next in server.Admin.WatchAsync<ConfigMap>(new() { Namespace = "w", ResourceVersion = after }, Cancellation))
        {
            if (next.Object!.Metadata.Name.StartsWith('m'))
                seen.Add((next.Object.Metadata.Name, next.Object.Data["k"], long.Parse(next.Object.Metadata.ResourceVersion, null)));
            if (seen.Count == count)
                break;
        }

        return seen;
    }

    private static async Task<List<string>> NamedAsync(IApiClient api)
    {
        var endpoints = await api.GetAsync<Endpoints>(new("default", "kubernetes"), Cancellation);
        var slice = await api.GetAsync<EndpointSlice>(new("default", "kubernetes"), Cancellation);
        var named = endpoints.Subsets.SelectMany(s => s.Addresses).Select(a => a.Ip).ToList();
        // Two writes: they may be seen between.
        return named.SequenceEqual(slice.Endpoints.Select(e => e.Addresses[0])) ? named : [];
    }

    private static ConfigMap Map(string name, string value, string @namespace = "default") =>
        new() { Metadata = new() { Name = name, Namespace = @namespace }, Data = ApiMap.Of("k", value) };

    private static Service NodePortService(string name) => new()
    {
        Metadata = new() { Name = name, Namespace = "default" },
        Spec = new() { Type = "NodePort", Ports = [new() { Port = 80 }] },
    };
}
