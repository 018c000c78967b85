using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Storage;
using Coxswain.Testing;
using Coxswain.Testing.Cluster;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>The store is out of reach for a while: reads and watches go on and say so, writes are refused soon, and all is well by itself.</summary>
public sealed class LostStoreTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoreFault.Refuses)]
    [InlineData(StoreFault.Hangs)]
    public async Task While_the_store_is_lost_reads_come_from_the_cache_with_a_warning_and_writes_are_refused(StoreFault fault)
    {
        var store = new FaultyStore(new MemoryStore());
        await using var cluster = await TestCluster.StartOnAsync(store, Cancellation);
        using var api = new Conformance.Api(cluster);
        (await api.PostAsync(Maps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""")).Expect(201);

        store.Fault = fault;
        var began = Stopwatch.GetTimestamp();
        using var refused = await api.Http.PostAsync(Maps, new StringContent("""{"metadata":{"name":"b"}}""", null, "application/json"), Cancellation);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 10);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        var status = JsonNode.Parse(await refused.Content.ReadAsStringAsync(Cancellation))!;
        Assert.Equal("ServiceUnavailable", (string?)status["reason"]);
        Assert.Equal(1, (int?)status["details"]!["retryAfterSeconds"]);
        Assert.StartsWith("the datastore cannot be reached or has no quorum", (string?)status["message"], StringComparison.Ordinal);
        await Eventually.TrueAsync(() => !cluster.Server.Registries.Guard.IsAvailable, cancellation: Cancellation);

        // From now on nobody waits for the store.
        began = Stopwatch.GetTimestamp();
        foreach (var path in new[] { Maps + "/a", Maps, Maps + "?limit=1", "/api/v1/namespaces/default" })
        {
            var read = (await api.GetAsync(path)).Expect(200);
            Assert.Contains("no quorum", Assert.Single(read.Warnings), StringComparison.Ordinal);
            Assert.StartsWith("299 - \"", read.Warnings[0], StringComparison.Ordinal);
        }

        // Whoever asks for what is at hand is not warned.
        Assert.Empty((await api.GetAsync(Maps + "?resourceVersion=0")).Expect(200).Warnings);
        (await api.PutAsync(Maps + "/a", """{"metadata":{"name":"a"}}""")).Expect(503);
        (await api.DeleteAsync(Maps + "/a")).Expect(503);
        (await api.MergeAsync(Maps + "/a", """{"data":{"k":"w"}}""")).Expect(503);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 1.9);
        Assert.Equal(503, (await Assert.ThrowsAsync<ApiException>(() => cluster.Admin.CreateAsync(Map("c"), Cancellation))).Code);

        Assert.Contains("[-]etcd failed", (await api.GetAsync("/readyz")).Expect(500).Text, StringComparison.Ordinal);
        (await api.GetAsync("/livez")).Expect(200);
        Assert.Contains("[-]etcd failed: the server lives on without", (await api.GetAsync("/livez?verbose")).Expect(200).Text, StringComparison.Ordinal);
        var metrics = (await api.GetAsync("/metrics")).Expect(200).Text;
        Assert.Contains("coxswain_datastore_available 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("coxswain_stale_reads_total{resource=\"configmaps\"} 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("coxswain_datastore_outages_total 1\n", metrics, StringComparison.Ordinal);

        store.Fault = StoreFault.None;
        await api.UntilAsync(() => api.GetAsync("/readyz"), answer => answer.Code == 200);
        (await api.PostAsync(Maps, """{"metadata":{"name":"d"}}""")).Expect(201);
        Assert.Empty((await api.GetAsync(Maps)).Expect(200).Warnings);
        Assert.Contains("coxswain_datastore_available 1\n", (await api.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watches_stay_open_and_new_ones_begin_while_the_store_is_lost()
    {
        var store = new FaultyStore(new MemoryStore());
        await using var cluster = await TestCluster.StartOnAsync(store, Cancellation);
        await cluster.Admin.CreateAsync(Map("a"), Cancellation);
        var query = new WatchQuery { Namespace = "default", FieldSelector = "metadata.name!=kube-root-ca.crt" };
        await using var before = cluster.Admin.WatchAsync<ConfigMap>(query, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await before.MoveNextAsync());
        Assert.Equal("a", before.Current.Object!.Metadata.Name);

        store.Fault = StoreFault.Refuses;
        await using var during = cluster.Admin.WatchAsync<ConfigMap>(query, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await during.MoveNextAsync());
        Assert.Equal("a", during.Current.Object!.Metadata.Name);

        store.Fault = StoreFault.None;
        await Eventually.TrueAsync(() => cluster.Server.Registries.Guard.IsAvailable, cancellation: Cancellation);
        await cluster.Admin.CreateAsync(Map("b"), Cancellation);
        foreach (var watch in new[] { before, during })
        {
            Assert.True(await watch.MoveNextAsync());
            Assert.Equal("b", watch.Current.Object!.Metadata.Name);
        }
    }

    [Fact]
    public async Task A_write_that_takes_long_is_waited_for_as_long_as_the_store_answers()
    {
        var store = new FaultyStore(new MemoryStore());
        await using var cluster = await TestCluster.StartOnAsync(store, Cancellation);

        store.Fault = StoreFault.WritesHang;
        var writing = cluster.Admin.CreateAsync(Map("a"), Cancellation);
        await Assert.ThrowsAsync<TimeoutException>(() => writing.WaitAsync(Coxswain.ApiServer.Datastore.GuardedStore.WritePatience * 2.5, Cancellation));
        Assert.True(cluster.Server.Registries.Guard.IsAvailable);
        store.Fault = StoreFault.None;

        Assert.Equal("a", (await writing).Metadata.Name);
    }

    [Fact]
    public async Task A_server_that_starts_without_its_store_becomes_ready_by_itself()
    {
        var store = new FaultyStore(new MemoryStore()) { Fault = StoreFault.Refuses };
        await using var cluster = await TestCluster.StartOnAsync(store, Cancellation, waits: false);
        using var api = new Conformance.Api(cluster);

        (await api.GetAsync("/livez")).Expect(200);
        (await api.GetAsync("/readyz")).Expect(500);
        (await api.GetAsync(Maps)).Expect(503);
        Assert.False(cluster.Server.Ready.IsCompleted);

        store.Fault = StoreFault.None;
        await cluster.Server.Ready.WaitAsync(Cancellation);
        (await api.GetAsync("/readyz")).Expect(200);
        (await api.GetAsync("/api/v1/namespaces/kube-system")).Expect(200);
    }

    private static ConfigMap Map(string name) => new() { Metadata = new() { Name = name, Namespace = "default" } };
}
