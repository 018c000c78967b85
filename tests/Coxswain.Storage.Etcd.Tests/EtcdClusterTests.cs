using Coxswain.Testing;
using Coxswain.Testing.Etcd;

namespace Coxswain.Storage.Etcd.Tests;

/// <summary>The clusters that the other tests are made with do what they say.</summary>
public sealed class EtcdClusterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("3.4", 1, false)]
    [InlineData("3.5", 3, true)]
    public async Task A_cluster_starts_with_a_leader(string version, int members, bool tls)
    {
        Real.Etcd(version);
        await using var cluster = await EtcdCluster.StartAsync(version, members, tls, cancellation: Cancellation);

        Assert.InRange(await cluster.LeaderAsync(Cancellation), 0, members - 1);
        Assert.Equal(members, cluster.Endpoints.Distinct().Count());
    }

    [Fact]
    public async Task A_leader_that_is_killed_paused_or_cut_off_is_followed_by_another()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", 3, cancellation: Cancellation);

        var first = await cluster.LeaderAsync(Cancellation);
        await cluster.KillAsync(first);
        var second = await cluster.LeaderAsync(Cancellation);
        Assert.NotEqual(first, second);
        await cluster.RestartAsync(first, Cancellation);

        cluster.Pause(second);
        var third = await cluster.LeaderAsync(Cancellation);
        Assert.NotEqual(second, third);
        cluster.Resume(second);

        cluster.Partition(third);
        await Eventually.TrueAsync(async () => await cluster.LeaderAsync(Cancellation) != third, () => cluster.Logs, Cancellation);
        cluster.Heal(third);
        await cluster.LeaderAsync(Cancellation);
    }
}
