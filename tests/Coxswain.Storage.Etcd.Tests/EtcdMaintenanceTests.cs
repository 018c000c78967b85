using Coxswain.Storage.Etcd.Maintenance;
using Coxswain.Testing;
using Coxswain.Testing.Etcd;

namespace Coxswain.Storage.Etcd.Tests;

[Collection("etcd faults")]
public sealed class EtcdMaintenanceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Members_are_told_with_their_health_and_defragmented_one_at_a_time_the_leader_last()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", members: 3, tls: true, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        var leader = await cluster.LeaderAsync(Cancellation);
        using var maintenance = new EtcdMaintenance(store, TimeProvider.System);

        var members = await maintenance.GetMembersAsync(Cancellation);
        Assert.Equal(["m0", "m1", "m2"], members.Select(member => member.Name));
        Assert.All(members, member => Assert.True(member is { IsHealthy: true, Error: null, DbSize: > 0, Quota: > 0 } && member.Version.StartsWith("3.5.", StringComparison.Ordinal), member.ToString()));
        Assert.Equal($"m{leader}", Assert.Single(members, member => member.IsLeader).Name);
        Assert.True((await maintenance.GetReportAsync(Cancellation)).IsWell);

        var revision = 0L;
        for (var i = 0; i < 40; i++)
            revision = (await store.WriteAsync(new("/a", revision, new byte[100_000]), Cancellation)).Revision;
        await store.CompactAsync(revision, physical: true, Cancellation);
        var done = await maintenance.DefragmentAsync(_ => true, Cancellation);
        Assert.Equal(3, done.Count);
        Assert.Equal($"m{leader}", done[2].Before.Name);
        Assert.All(done, member => Assert.True(member.After.DbSize < member.Before.DbSize && member.After.IsHealthy, member.ToString()));
        Assert.Equal(revision, (await store.GetAsync("/a", Cancellation))!.ModRevision);
        Assert.Equal(0, store.Metrics.Failures);
        revision = (await store.WriteAsync(new("/b", 0, new byte[1]), Cancellation)).Revision;
        await Eventually.TrueAsync(() => store.WatchedRevision == revision, cancellation: Cancellation);

        var killed = (leader + 1) % 3;
        await cluster.KillAsync(killed);
        await Eventually.TrueAsync(async () => (await maintenance.GetMembersAsync(Cancellation)).Count(member => member.IsHealthy) == 2, cancellation: Cancellation);
        var ill = Assert.Single(await maintenance.GetMembersAsync(Cancellation), member => member.Error is not null);
        Assert.Equal($"m{killed}", ill.Name);
        Assert.False((await maintenance.GetReportAsync(Cancellation)).IsWell);
        var refused = await Assert.ThrowsAsync<StoreException>(() => maintenance.DefragmentAsync(_ => true, Cancellation));
        Assert.Contains($"m{killed}", refused.Message, StringComparison.Ordinal);

        await cluster.KillAsync(leader);
        using var stranger = new EtcdMaintenance(Real.Options(cluster), TimeProvider.System);
        await Eventually.TrueAsync(
            async () => (await stranger.GetMembersAsync(Cancellation)) is { Count: 3 } left && left.All(member => !member.IsHealthy), cancellation: Cancellation);
    }

    [Theory]
    [InlineData("3.4", 1)]
    [InlineData("3.5", 3)]
    public async Task An_etcd_that_has_filled_its_quota_is_made_to_work_again_by_itself(string version, int members)
    {
        Real.Etcd(version);
        await using var cluster = await EtcdCluster.StartAsync(version, members, extra: ["--quota-backend-bytes", "12000000"], cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        var failures = new List<Exception>();
        await using var keeper = new EtcdKeeper(store, TimeSpan.FromMilliseconds(200), TimeProvider.System, failures.Add);
        await Eventually.TrueAsync(() => keeper.Members.Count == members, cancellation: Cancellation);
        Assert.Equal(12_000_000, keeper.Members[0].Quota);

        var revision = 0L;
        StoreFullException? full = null;
        for (var i = 0; i < 200 && full is null; i++)
        {
            try
            {
                revision = (await store.WriteAsync(new("/big", revision, new byte[400_000]), Cancellation)).Revision;
            }
            catch (StoreFullException error)
            {
                full = error;
            }
        }

        Assert.Contains("NOSPACE", full!.Message, StringComparison.Ordinal);
        Assert.NotNull(await store.GetAsync("/big", Cancellation));
        await Eventually.TrueAsync(
            () => keeper.Disarmed > 0 && keeper.Members.All(member => member.Alarms.Count == 0),
            () => $"{keeper.Failure} {string.Join('\n', keeper.Members)}",
            Cancellation);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await store.WriteAsync(new("/big", revision, new byte[400_000]), Cancellation)).Entry is not null;
                }
                catch (StoreException)
                {
                    // The member that is asked applies the end of the alarm a little after the others.
                    return false;
                }
            },
            cancellation: Cancellation);
        Assert.True(keeper.Defragmentations >= members);
        Assert.All(keeper.Members, member => Assert.InRange(member.DbSize, 1, 12_000_000 * 8 / 10));
    }

    [Fact]
    public async Task Of_several_keepers_one_at_a_time_holds_the_lock_and_a_full_etcd_does_not_take_it_from_it()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", extra: ["--quota-backend-bytes", "3000000"], cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        await using var first = new EtcdKeeperLock(store, TimeProvider.System);
        await using var second = new EtcdKeeperLock(store, TimeProvider.System);
        Assert.True(await first.HoldAsync(full: false, Cancellation));
        Assert.False(await second.HoldAsync(full: false, Cancellation));
        Assert.True(await first.HoldAsync(full: false, Cancellation));

        await Assert.ThrowsAsync<StoreFullException>(async () =>
        {
            for (var i = 0; i < 100; i++)
                await store.WriteAsync(new($"/live/{i}", 0, new byte[200_000]), Cancellation);
        });
        Assert.True(await first.HoldAsync(full: true, Cancellation));
        Assert.False(await second.HoldAsync(full: true, Cancellation));

        await first.DisposeAsync();
        Assert.True(await second.HoldAsync(full: true, Cancellation));
    }

    [Fact]
    public async Task Live_data_that_fills_the_quota_is_told_and_writes_stay_refused()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", extra: ["--quota-backend-bytes", "6000000"], cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        await Assert.ThrowsAsync<StoreFullException>(async () =>
        {
            for (var i = 0; i < 100; i++)
                await store.WriteAsync(new($"/live/{i}", 0, new byte[200_000]), Cancellation);
        });
        await using var keeper = new EtcdKeeper(store, TimeSpan.FromMilliseconds(200), TimeProvider.System);
        await Eventually.TrueAsync(() => keeper.Failure is StoreFullException, () => $"{keeper.Failure}", Cancellation);
        Assert.Equal(0, keeper.Disarmed);

        // Deleting is possible, and enough.
        foreach (var entry in (await store.ListAsync(StoreRange.Prefix("/live/"), default, Cancellation)).Entries)
            Assert.True((await store.WriteAsync(new(entry.Key, entry.ModRevision, null), Cancellation)).Committed);
        await Eventually.TrueAsync(() => keeper.Disarmed > 0, () => $"{keeper.Failure}", Cancellation);
        Assert.True((await store.WriteAsync(new("/live/again", 0, new byte[1]), Cancellation)).Committed);
    }

    [Fact]
    public async Task Of_several_compactors_one_compacts_each_interval_what_was_newest_one_interval_ago()
    {
        Real.Etcd("3.4");
        await using var cluster = await EtcdCluster.StartAsync("3.4", cancellation: Cancellation);
        await using var first = await Real.OpenAsync(cluster);
        await using var second = await Real.OpenAsync(cluster);
        var clock = new FakeClock();
        var interval = TimeSpan.FromMinutes(5);
        await using var one = new EtcdCompactor(first, interval, clock);
        await using var two = new EtcdCompactor(second, interval, clock);
        for (var turn = 1; turn <= 4; turn++)
        {
            await Eventually.TrueAsync(() => clock.Waiting == 2, cancellation: Cancellation);
            await first.WriteAsync(new($"/turn/{turn}", 0, new byte[1]), Cancellation);
            var newest = (await first.GetRevisionsAsync(Cancellation)).Current;
            clock.Advance(interval);
            await Eventually.TrueAsync(() => clock.Waiting == 2 && one.Compactions + two.Compactions >= turn - 1, () => $"{one.Failure} {two.Failure}", Cancellation);

            var key = (await first.GetAsync(EtcdCompactor.Key, Cancellation))!;
            var compacted = long.Parse(System.Text.Encoding.UTF8.GetString(key.Value.Span), System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(compacted < newest, "what was written in the last interval is kept");
        }

        Assert.Equal((null, null), (one.Failure, two.Failure));
        Assert.InRange(one.Compactions + two.Compactions, 3, 4);
        await using var later = await Real.OpenAsync(cluster);
        var known = await later.GetRevisionsAsync(Cancellation);
        Assert.InRange(known.Compacted, 2, known.Current - 1);
    }

    [Fact]
    public async Task A_member_of_another_cluster_among_the_addresses_is_told_and_never_written_to()
    {
        Real.Etcd("3.4");
        await using var cluster = await EtcdCluster.StartAsync("3.4", cancellation: Cancellation);
        await using var stranger = await EtcdCluster.StartAsync("3.4", cancellation: Cancellation);
        await using var store = await Real.OpenAsync(
            cluster, options => options with { Endpoints = [cluster.Endpoints[0], stranger.Endpoints[0]], Patience = TimeSpan.FromMilliseconds(500) });
        await cluster.KillAsync(0);

        var told = "";
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await store.WriteAsync(new("/a", 0, new byte[1]), Cancellation);
                    return true;
                }
                catch (StoreException error)
                {
                    told = error.Message;
                    return told.Contains("another cluster", StringComparison.Ordinal);
                }
            },
            () => told,
            Cancellation);
        Assert.Contains(stranger.Endpoints[0].ToString(), told, StringComparison.Ordinal);
        await using var other = await Real.OpenAsync(stranger);
        Assert.Equal(1, (await other.GetRevisionsAsync(Cancellation)).Current);
    }

    [Fact]
    public async Task A_client_certificate_that_was_renewed_is_used_by_the_next_connection()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", tls: true, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster, options => options with { Patience = TimeSpan.FromMilliseconds(500) });
        cluster.Tls!.IssueForeignClient();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Real.OpenAsync(cluster, options => options with { Patience = TimeSpan.FromMilliseconds(500) }));

        // The connection that is there goes on; a new one is refused until the files are right again.
        Assert.True((await store.WriteAsync(new("/a", 0, new byte[1]), Cancellation)).Committed);
        await cluster.KillAsync(0);
        await cluster.RestartAsync(0, Cancellation);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.GetAsync("/a", Cancellation));
        cluster.Tls.IssueClient();
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await store.GetAsync("/a", Cancellation) is not null;
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            },
            () => store.LastFailure,
            Cancellation);
    }
}
