using System.Diagnostics;
using System.Text;
using Coxswain.Storage.Tests;
using Coxswain.Testing;
using Coxswain.Testing.Etcd;

namespace Coxswain.Storage.Etcd.Tests;

/// <summary>Members are killed, stopped and cut off under the store.</summary>
[Collection("etcd faults")]
public sealed class EtcdFaultTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("3.4")]
    [InlineData("3.5")]
    public async Task When_the_leader_in_use_is_killed_stopped_or_cut_off_writes_go_on_and_no_watch_has_a_gap(string version)
    {
        Real.Etcd(version);
        await using var cluster = await EtcdCluster.StartAsync(version, members: 3, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster, options => options with { LogCount = 64 });
        var history = await StoreHistory.BeginAsync(new PatientStore(store), "/faults", Cancellation);
        var faults = Task.Run(
            async () =>
            {
                var killed = await UseLeaderAsync();
                await GoesOnAsync("killed", () => cluster.KillAsync(killed));
                await cluster.RestartAsync(killed, Cancellation);

                var stopped = await UseLeaderAsync();
                await GoesOnAsync("stopped", () => Task.Run(() => cluster.Pause(stopped)));
                cluster.Resume(stopped);

                var cut = await UseLeaderAsync();
                await GoesOnAsync("cut off", () => Task.Run(() => cluster.Partition(cut)));
                cluster.Heal(cut);
                await cluster.LeaderAsync(Cancellation);
            },
            Cancellation);
        while (!faults.IsCompleted)
            await history.RunAsync(clients: 4, operations: 25, Cancellation);
        await faults;
        await history.EndAsync(Cancellation);
        history.Check();
        Assert.True(store.Metrics.Failovers > 0, "no other member was ever used");

        async Task<int> UseLeaderAsync()
        {
            var leader = await cluster.LeaderAsync(Cancellation);
            while (store.Endpoint != cluster.Endpoints[leader])
                store.Connection.Leave(store.Endpoint);
            return leader;
        }

        async Task GoesOnAsync(string what, Func<Task> fault)
        {
            await fault();
            var since = Stopwatch.GetTimestamp();
            var before = history.Acknowledged;

            // What was under way may still be acknowledged; a few more writes come from the member that is used next.
            while (history.Acknowledged < before + 10)
            {
                Assert.True(Stopwatch.GetElapsedTime(since) < Soon, $"no writes after the leader was {what}: {store.LastFailure}\n{cluster.Logs}");
                await Task.Delay(10, Cancellation);
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{what}: writes again after {Stopwatch.GetElapsedTime(since).TotalSeconds:f1} s");
        }
    }

    [Fact]
    public async Task Without_a_quorum_requests_fail_fast_and_watches_wait_and_all_is_well_again_by_itself()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", members: 3, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster, options => options with { Patience = TimeSpan.FromSeconds(1) });
        var first = await store.WriteAsync(new("/a", 0, Bytes("1")), Cancellation);
        await using var watch = store.WatchAsync(StoreRange.Prefix("/"), first.Revision, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync();

        await cluster.KillAsync(0);
        await cluster.KillAsync(1);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await store.GetRevisionsAsync(Cancellation);
                    return false;
                }
                catch (StoreUnavailableException)
                {
                    return store.Unavailable >= TimeSpan.FromSeconds(1);
                }
            },
            cancellation: Cancellation);

        var since = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAsync(new("/a", first.Revision, Bytes("2")), Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.GetAsync("/a", Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ListAsync(StoreRange.Prefix("/"), default, Cancellation));
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(5), "an outage that is known is waited for");
        Assert.False(next.IsCompleted);
        Assert.NotNull(store.Unavailable);
        Assert.NotEmpty(store.LastFailure);

        await cluster.RestartAsync(0, Cancellation);
        WriteResult? second = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    second = await store.WriteAsync(new("/b", 0, Bytes("2")), Cancellation);
                    return true;
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            },
            () => store.LastFailure,
            Cancellation);
        Assert.True(await next);
        Assert.Equal("/b", watch.Current.Changes[0].Key);
        Assert.Equal(second!.Revision, watch.Current.Changes[^1].Revision);
        Assert.Null(store.Unavailable);
    }

    [Fact]
    public async Task Leaving_a_member_that_works_costs_no_write_its_outcome()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", members: 3, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(
            async () =>
            {
                var revision = 0L;
                while (!stop.IsCancellationRequested)
                    revision = (await store.WriteAsync(new($"/leaving/{writer}", revision, Bytes("x")), Cancellation)).Revision;
            },
            Cancellation)).ToArray();
        for (var i = 0; i < 12; i++)
        {
            var answered = store.Metrics.Requests;
            store.Connection.Leave(store.Endpoint);
            await Eventually.TrueAsync(
                () => writers.Any(task => task.IsFaulted) || store.Metrics.Requests > answered + 20,
                () => store.LastFailure, Cancellation);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        var newest = (await store.GetRevisionsAsync(Cancellation)).Current;
        await Eventually.TrueAsync(() => store.WatchedRevision == newest, cancellation: Cancellation);
    }

    [Fact]
    public async Task A_slow_network_between_the_members_only_slows_the_writes()
    {
        Real.Etcd("3.5");
        await using var cluster = await EtcdCluster.StartAsync("3.5", members: 3, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        cluster.PeerDelay = TimeSpan.FromMilliseconds(100);
        var history = await StoreHistory.BeginAsync(new PatientStore(store), "/slow", Cancellation);
        await history.RunAsync(clients: 8, operations: 5, Cancellation);
        cluster.PeerDelay = TimeSpan.Zero;
        await history.EndAsync(Cancellation);
        history.Check();
        Assert.True(history.Acknowledged > 5, "hardly a write was acknowledged");
    }

    [Fact]
    public async Task A_member_that_is_stopped_while_nothing_happens_is_noticed_and_the_watch_goes_elsewhere()
    {
        Real.Etcd("3.4");
        await using var cluster = await EtcdCluster.StartAsync("3.4", members: 3, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        var start = (await store.GetRevisionsAsync(Cancellation)).Current;
        await using var watch = store.WatchAsync(StoreRange.Prefix("/"), start, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync();
        var used = store.Endpoint;
        cluster.Pause(cluster.Endpoints.ToList().IndexOf(used));

        await Eventually.TrueAsync(() => store.Endpoint != used && store.Unavailable is null, () => store.LastFailure, Cancellation);
        await using var other = await Real.OpenAsync(cluster, options => options with { Endpoints = [store.Endpoint] });
        var written = await new PatientStore(other).GetRevisionsAsync(Cancellation);
        Assert.Equal(start, written.Current);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await other.WriteAsync(new("/elsewhere", 0, Bytes("1")), Cancellation)).Entry is not null;
                }
                catch (StoreUnavailableException)
                {
                    return false;
                }
            },
            () => other.LastFailure,
            Cancellation);
        Assert.True(await next);
        Assert.Equal("/elsewhere", watch.Current.Changes[0].Key);
    }

    [Theory]
    [InlineData("3.5", 1)]
    [InlineData("3.4", 3)]
    public async Task After_kill_9_no_acknowledged_write_is_missing_and_no_watch_has_a_gap(string version, int members)
    {
        Real.Etcd(version);
        await using var cluster = await EtcdCluster.StartAsync(version, members, cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster, options => options with { LogCount = 64 });
        var history = await StoreHistory.BeginAsync(new PatientStore(store), "/kill", Cancellation);
        var rounds = members == 1 ? Soak.KillRounds : Math.Max(1, Soak.KillRounds / 4);
        var random = new Random(members);
        for (var round = 1; round <= rounds; round++)
        {
            var kill = Task.Run(
                async () =>
                {
                    // In the middle of the writes; of three members one, or all at once.
                    var before = history.Acknowledged;
                    await Eventually.TrueAsync(() => history.Acknowledged >= before + random.Next(5, 40), () => store.LastFailure, Cancellation);
                    int[] killed = members == 1 || round % 2 == 0 ? [.. Enumerable.Range(0, members)] : [random.Next(members)];
                    await Task.WhenAll(killed.Select(cluster.KillAsync));
                    await Task.WhenAll(killed.Select(member => cluster.RestartAsync(member, Cancellation)));
                    await cluster.LeaderAsync(Cancellation);
                },
                Cancellation);
            while (!kill.IsCompleted)
                await history.RunAsync(clients: 4, operations: 10, Cancellation);
            await kill;
            Soak.Progress($"etcd {version}, {members} members", round, rounds);
        }

        await history.EndAsync(Cancellation);
        history.Check();
    }

    [Fact]
    public async Task An_etcd_that_has_gone_back_in_time_ends_the_watches_with_the_reason()
    {
        Real.Etcd("3.4");
        await using var cluster = await EtcdCluster.StartAsync("3.4", cancellation: Cancellation);
        await using var store = await Real.OpenAsync(cluster);
        var first = await store.WriteAsync(new("/a", 0, Bytes("1")), Cancellation);
        await cluster.KillAsync(0);
        var copy = cluster.DataFolder(0) + ".copy";
        await CopyAsync(cluster.DataFolder(0), copy);
        await cluster.RestartAsync(0, Cancellation);
        var patient = new PatientStore(store);
        await patient.GetRevisionsAsync(Cancellation);
        var last = await store.WriteAsync(new("/b", 0, Bytes("2")), Cancellation);
        await Eventually.TrueAsync(() => store.WatchedRevision == last.Revision, cancellation: Cancellation);
        await using var watch = store.WatchAsync(StoreRange.Prefix("/"), last.Revision, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync();

        await cluster.KillAsync(0);
        Directory.Delete(cluster.DataFolder(0), recursive: true);
        Directory.Move(copy, cluster.DataFolder(0));
        await cluster.RestartAsync(0, Cancellation);
        var error = await Assert.ThrowsAsync<StoreCorruptException>(async () => await next);
        Assert.Contains($"from revision {last.Revision} to {first.Revision}", error.Message, StringComparison.Ordinal);
    }

    private static async Task CopyAsync(string from, string to)
    {
        using var copy = Process.Start("cp", ["-a", from, to]);
        await copy.WaitForExitAsync(Cancellation);
        Assert.Equal(0, copy.ExitCode);
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
