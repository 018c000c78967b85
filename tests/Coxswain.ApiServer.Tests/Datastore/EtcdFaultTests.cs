using System.Net;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>Members of a real etcd are killed, stopped and cut off behind two API servers.</summary>
[Collection("kills")]
public sealed class EtcdFaultTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_quorum_reads_go_on_with_a_warning_and_writes_wait_for_it_to_return()
    {
        await using var servers = await Servers.StartAsync("etcd", members: 3);
        using var api = new Conformance.Api(servers.A);
        using var other = new Conformance.Api(servers.B);
        (await api.PostAsync(Maps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""")).Expect(201);
        await using var watch = servers.B.Admin.WatchAsync<ConfigMap>(new() { Namespace = "default", FieldSelector = "metadata.name=b" }, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync().AsTask();

        await servers.Etcd!.KillAsync(0);
        await servers.Etcd.KillAsync(1);
        foreach (var server in new[] { api, other })
        {
            var read = await server.UntilAsync(() => server.GetAsync(Maps + "/a"), answer => answer.Code == 200 && answer.Warnings.Count > 0);
            Assert.Contains("no quorum", read.Warnings[0], StringComparison.Ordinal);
            using var refused = await server.Http.PostAsync(Maps, new StringContent("""{"metadata":{"name":"x"}}""", null, "application/json"), Cancellation);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            (await server.GetAsync("/readyz")).Expect(500);
            (await server.GetAsync("/livez")).Expect(200);
            Assert.Contains("coxswain_datastore_available 0\n", (await server.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        }

        Assert.False(next.IsCompleted);
        // Both at once: neither is well alone.
        await Task.WhenAll(servers.Etcd.RestartAsync(0, Cancellation), servers.Etcd.RestartAsync(1, Cancellation));
        await api.UntilAsync(() => api.PostAsync(Maps, """{"metadata":{"name":"b"}}"""), answer => answer.Code is 201 or 409);
        await other.UntilAsync(() => other.GetAsync("/readyz"), answer => answer.Code == 200);
        Assert.True(await next);
        Assert.Equal("b", watch.Current.Object!.Metadata.Name);
        Assert.Empty((await other.UntilAsync(() => other.GetAsync(Maps + "/b"), answer => answer.Code == 200 && answer.Warnings.Count == 0)).Warnings);
    }

    [Fact]
    public async Task When_the_leader_is_killed_stopped_or_cut_off_the_servers_go_on_without_a_gap()
    {
        await using var servers = await Servers.StartAsync("etcd", members: 3);
        var etcd = servers.Etcd!;
        await using var work = await Workload.StartAsync(writers: 4, Cancellation, servers.A.Admin, servers.B.Admin);
        await work.GoesOnAsync(20, Cancellation);

        var killed = await etcd.LeaderAsync(Cancellation);
        await etcd.KillAsync(killed);
        await work.GoesOnAsync(20, Cancellation);
        await etcd.RestartAsync(killed, Cancellation);

        var stopped = await etcd.LeaderAsync(Cancellation);
        etcd.Pause(stopped);
        await work.GoesOnAsync(20, Cancellation);
        etcd.Resume(stopped);

        var cut = await etcd.LeaderAsync(Cancellation);
        etcd.Partition(cut);
        await work.GoesOnAsync(20, Cancellation);
        etcd.Heal(cut);
        await etcd.LeaderAsync(Cancellation);

        await work.EndAsync(Cancellation);
        Assert.Equal(0, work.Relists);
    }
}
