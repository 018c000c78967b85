using Coxswain.Storage;
using Coxswain.Testing.Cluster;
using Microsoft.AspNetCore.Http;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>What the process around a server adds to it: paths for administrators, and how its store is.</summary>
public sealed class AdminPathTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Paths_of_the_process_are_for_masters_only_and_by_their_method()
    {
        var additions = new ApiServerAdditions
        {
            Paths = [new("POST", "/coxswain/v1/echo", async (context, cancellation) => await context.Response.WriteAsync("done", cancellation))],
        };
        await using var cluster = await TestCluster.StartOnAsync(new MemoryStore(), Cancellation, additions: additions, tokens: ["bob-token,bob,bob-uid,developers"]);
        using var admin = new Conformance.Api(cluster);
        using var bob = new Conformance.Api(cluster, "bob-token");

        Assert.Equal("done", (await admin.PostAsync("/coxswain/v1/echo", "")).Expect(200).Text);
        (await admin.GetAsync("/coxswain/v1/echo")).Expect(405);
        (await admin.PostAsync("/coxswain/v1/nothing", "")).Expect(404);
        (await bob.PostAsync("/coxswain/v1/echo", "")).Expect(403);

        // Whatever roles say of paths.
        (await admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
            {"metadata":{"name":"bob"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
            "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"bob"}]}
            """)).Expect(201);
        await admin.UntilAsync(() => bob.GetAsync("/api/v1/nodes"), answer => answer.Code == 200);
        (await bob.PostAsync("/coxswain/v1/echo", "")).Expect(403);
    }

    [Fact]
    public async Task The_metrics_show_how_large_the_store_is()
    {
        var additions = new ApiServerAdditions
        {
            Inspect = _ => Task.FromResult(new StoreReport("etcd", [new() { Name = "a", Bytes = 2000, BytesInUse = 1000, MaxBytes = 4000 }, new() { Name = "b", Error = "gone" }])),
        };
        await using var cluster = await TestCluster.StartOnAsync(new MemoryStore(), Cancellation, additions: additions);
        using var api = new Conformance.Api(cluster);
        var metrics = (await api.UntilAsync(() => api.GetAsync("/metrics"), answer => answer.Text.Contains("apiserver_storage_size_bytes", StringComparison.Ordinal))).Text;

        Assert.Contains("apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 2000\n", metrics, StringComparison.Ordinal);
        Assert.Contains("coxswain_storage_in_use_bytes{storage_cluster_id=\"etcd-0\"} 1000\n", metrics, StringComparison.Ordinal);
        Assert.Contains("coxswain_storage_limit_bytes{storage_cluster_id=\"etcd-0\"} 4000\n", metrics, StringComparison.Ordinal);
        Assert.Contains("coxswain_storage_alarms{storage_cluster_id=\"etcd-1\"} 1\n", metrics, StringComparison.Ordinal);
    }
}
