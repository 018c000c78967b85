using System.Text;
using Coxswain.Testing;

namespace Coxswain.Storage.Etcd.Tests;

/// <summary>What only a store on etcd does.</summary>
public sealed class EtcdStoreTests(SharedEtcd34 etcd) : IClassFixture<SharedEtcd34>
{
    private readonly string _root = "/" + Guid.NewGuid().ToString("n");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_that_expire_at_about_the_same_time_share_a_lease_and_go_at_one_revision()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster);
        var start = (await store.GetRevisionsAsync(Cancellation)).Current;
        for (var i = 0; i < 3; i++)
            await store.WriteAsync(new($"{_root}/{i}", 0, Bytes("x"), TimeSpan.FromSeconds(20 * 0.1)), Cancellation);
        await store.WriteAsync(new($"{_root}/stays", 0, Bytes("x")), Cancellation);

        Assert.Equal(1, store.Leases);
        var gone = new List<StoreChange>();
        await foreach (var batch in store.WatchAsync(StoreRange.Prefix(_root), start, Cancellation))
        {
            gone.AddRange(batch.Changes.Where(change => change.After is null));
            if (gone.Count > 0)
                break;
        }

        Assert.Equal([$"{_root}/0", $"{_root}/1", $"{_root}/2"], gone.Select(change => change.Key).Order(StringComparer.Ordinal));
        Assert.Single(gone.Select(change => change.Revision).Distinct());
        Assert.Equal("stays", (await store.ListAsync(StoreRange.Prefix(_root), default, Cancellation)).Entries.Single().Key[^5..]);
    }

    [Fact]
    public async Task A_lease_has_at_most_a_thousand_keys_and_other_times_have_other_leases()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster);
        await Parallel.ForAsync(
            0, 2500, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Cancellation },
            async (i, cancellation) => await store.WriteAsync(new($"{_root}/{i}", 0, Bytes("x"), TimeSpan.FromHours(1)), cancellation));
        Assert.Equal(3, store.Leases);

        await store.WriteAsync(new($"{_root}/other", 0, Bytes("x"), TimeSpan.FromHours(2)), Cancellation);
        Assert.Equal(4, store.Leases);
    }

    [Fact]
    public async Task A_lease_that_etcd_has_lost_is_replaced()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster);
        await store.WriteAsync(new($"{_root}/a", 0, Bytes("x"), TimeSpan.FromHours(3)), Cancellation);
        var ids = await RevokeAllAsync(store);
        Assert.NotEqual(0, ids);

        var again = await store.WriteAsync(new($"{_root}/b", 0, Bytes("x"), TimeSpan.FromHours(3)), Cancellation);
        Assert.True(again.Committed);
        Assert.Equal(2, store.Leases);
    }

    [Fact]
    public async Task A_list_in_many_pages_is_of_one_revision()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster, options => options with { PageBytes = 200 });
        for (var i = 0; i < 40; i++)
            await store.WriteAsync(new($"{_root}/{i:d2}", 0, new byte[100]), Cancellation);
        await store.ListAsync(StoreRange.Prefix(_root), default, Cancellation);

        using var stop = new CancellationTokenSource();
        var writing = Task.Run(
            async () =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                    await store.WriteAsync(new($"{_root}/x{i}", 0, new byte[1]), Cancellation);
            },
            Cancellation);
        for (var i = 0; i < 10; i++)
        {
            var page = await store.ListAsync(StoreRange.Prefix(_root), default, Cancellation);
            Assert.Equal(page.Count, page.Entries.Count);
            Assert.False(page.More);
            Assert.Equal(page.Revision, page.Entries.Max(entry => entry.ModRevision));
        }

        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task A_watch_that_is_behind_what_another_process_has_compacted_is_told()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster, options => options with { LogCount = 4 });
        await using var other = await Real.OpenAsync(etcd.Cluster);
        var start = (await store.GetRevisionsAsync(Cancellation)).Current;
        await using var watch = store.WatchAsync(StoreRange.Prefix(_root), start, Cancellation).GetAsyncEnumerator(Cancellation);
        long last = 0;
        for (var i = 0; i < 20; i++)
            last = (await other.WriteAsync(new($"{_root}/{i}", 0, Bytes("x")), Cancellation)).Revision;
        await Eventually.TrueAsync(() => store.WatchedRevision >= last, cancellation: Cancellation);
        await other.CompactAsync(last - 2, Cancellation);

        var error = await Assert.ThrowsAsync<CompactedException>(async () => await watch.MoveNextAsync());
        Assert.Equal((start, last - 2), (error.Asked, error.Compacted));
        await using var late = store.WatchAsync(StoreRange.Prefix(_root), last - 2, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await late.MoveNextAsync());
        Assert.Equal(last - 1, late.Current.Changes[0].Revision);
    }

    [Fact]
    public async Task A_transaction_of_another_client_over_many_keys_is_seen_whole()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster, options => options with { LogCount = 10_000 });
        await Parallel.ForAsync(
            0, 1500, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Cancellation },
            async (i, cancellation) => await store.WriteAsync(new($"{_root}/{i:d4}", 0, new byte[2000]), cancellation));
        var before = (await store.GetRevisionsAsync(Cancellation)).Current;
        var key = Google.Protobuf.ByteString.CopyFromUtf8(_root + "/");
        var end = Google.Protobuf.ByteString.CopyFromUtf8(_root + "0");
        await store.Connection.CallAsync(Wire.EtcdMethods.DeleteRange, new Wire.DeleteRangeRequest { Key = key, RangeEnd = end }, repeatable: false, Cancellation);

        await using var watch = store.WatchAsync(StoreRange.Prefix(_root), before, Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal((1500, before + 1), (watch.Current.Changes.Count, watch.Current.Revision));
        Assert.All(watch.Current.Changes, change => Assert.Equal(2000, change.Before!.Value.Length));
    }

    [Fact]
    public async Task Many_callers_share_a_question_for_the_newest_revision_and_none_gets_an_old_one()
    {
        await using var store = await Real.OpenAsync(etcd.Cluster);
        var asked = store.Metrics.Requests;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => store.GetRevisionsAsync(Cancellation).AsTask()));
        Assert.InRange(store.Metrics.Requests - asked, 1, 20);

        await Parallel.ForAsync(
            0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation },
            async (i, cancellation) =>
            {
                var written = await store.WriteAsync(new($"{_root}/{i}", 0, Bytes("x")), cancellation);
                Assert.True((await store.GetRevisionsAsync(cancellation)).Current >= written.Revision);
            });
    }

    [Fact]
    public async Task Our_clock_may_jump_by_an_hour_both_ways()
    {
        var clock = new FakeClock();
        await using var store = await EtcdStore.OpenAsync(Real.Options(etcd.Cluster), clock, Cancellation);
        var revision = 0L;
        foreach (var jump in (int[])[0, 1, -1, -2, 3])
        {
            clock.Jump(TimeSpan.FromHours(jump));
            revision = (await store.WriteAsync(new($"{_root}/a", revision, Bytes("x"), TimeSpan.FromMinutes(10)), Cancellation)).Revision;
            Assert.Equal(revision, (await store.GetAsync($"{_root}/a", Cancellation))!.ModRevision);
        }

        await Eventually.TrueAsync(() => store.WatchedRevision >= revision, cancellation: Cancellation);
    }

    [Fact]
    public async Task Addresses_where_nobody_is_are_named_when_the_store_is_opened()
    {
        var options = Real.Options(etcd.Cluster) with { Endpoints = [new("http://127.0.0.1:1")], Patience = TimeSpan.FromMilliseconds(300) };
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => EtcdStore.OpenAsync(options, TimeProvider.System, Cancellation));
        Assert.Contains("http://127.0.0.1:1", error.Message, StringComparison.Ordinal);

        await using var store = await EtcdStore.OpenAsync(
            options with { Endpoints = [new("http://127.0.0.1:1"), etcd.Cluster.Endpoints[0]] }, TimeProvider.System, Cancellation);
        Assert.Equal(etcd.Cluster.Endpoints[0], store.Endpoint);
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private async Task<long> RevokeAllAsync(EtcdStore store)
    {
        var found = await store.Connection.CallAsync(
            Wire.EtcdMethods.Range, new Wire.RangeRequest { Key = Google.Protobuf.ByteString.CopyFromUtf8($"{_root}/a") }, repeatable: true, Cancellation);
        var lease = found.KeyValues[0].Lease;
        await store.Connection.CallAsync(Wire.EtcdMethods.LeaseRevoke, new Wire.LeaseRequest { Id = lease }, repeatable: true, Cancellation);
        return lease;
    }
}
