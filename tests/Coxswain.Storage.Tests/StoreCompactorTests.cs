using Coxswain.Testing;

namespace Coxswain.Storage.Tests;

public sealed class StoreCompactorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_older_than_one_interval_is_compacted()
    {
        var clock = new FakeClock();
        await using var store = new MemoryStore();
        var first = (await store.WriteAsync(new("/a", 0, new byte[1]), Cancellation)).Revision;
        await using var compactor = new StoreCompactor(store, TimeSpan.FromMinutes(5), clock);
        await Eventually.TrueAsync(() => clock.Waiting == 1, cancellation: Cancellation);
        await store.WriteAsync(new("/a", first, new byte[1]), Cancellation);
        Assert.Equal(0, (await store.GetRevisionsAsync(Cancellation)).Compacted);

        clock.Advance(TimeSpan.FromMinutes(5));
        await Eventually.TrueAsync(() => compactor.Compactions == 1 && clock.Waiting == 1, cancellation: Cancellation);
        Assert.Equal(first, (await store.GetRevisionsAsync(Cancellation)).Compacted);

        clock.Advance(TimeSpan.FromMinutes(5));
        await Eventually.TrueAsync(() => compactor.Compactions == 2, cancellation: Cancellation);
        Assert.Equal(first + 1, (await store.GetRevisionsAsync(Cancellation)).Compacted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_clock_that_is_moved_by_an_hour_neither_hurries_nor_stops_compaction(int hours)
    {
        var clock = new FakeClock();
        await using var store = new MemoryStore();
        await using var compactor = new StoreCompactor(store, TimeSpan.FromMinutes(5), clock);
        await Eventually.TrueAsync(() => clock.Waiting == 1, cancellation: Cancellation);
        for (var turn = 1; turn <= 3; turn++)
        {
            var current = (await store.GetRevisionsAsync(Cancellation)).Current;
            await store.WriteAsync(new($"/{turn}", 0, new byte[1]), Cancellation);

            clock.Jump(TimeSpan.FromHours(hours));
            clock.Advance(TimeSpan.FromMinutes(4));
            Assert.Equal(turn - 1, compactor.Compactions);
            clock.Advance(TimeSpan.FromMinutes(1));
            await Eventually.TrueAsync(() => compactor.Compactions == turn && clock.Waiting == 1, cancellation: Cancellation);
            Assert.Equal(current, (await store.GetRevisionsAsync(Cancellation)).Compacted);
        }
    }
}
