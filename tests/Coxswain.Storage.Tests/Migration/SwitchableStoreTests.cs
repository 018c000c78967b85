using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Migration;

public sealed class SwitchableStoreContractTests : StoreContract
{
    protected override ValueTask<IStore> OpenAsync() => new(new SwitchableStore(new MemoryStore(), TimeProvider.System));
}

public sealed class SwitchableStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
    private static readonly StoreRange Everything = new("", null);

    [Fact]
    public async Task A_write_during_a_pause_waits_and_then_goes_to_the_new_store()
    {
        var (first, second) = (new MemoryStore(), new MemoryStore());
        await using var store = new SwitchableStore(first, TimeProvider.System);
        await second.AdvanceAsync(1000, Cancellation);
        var pause = await store.PauseWritesAsync(Cancellation);
        var write = store.WriteAsync(new("/a", 0, "1"u8.ToArray()), Cancellation).AsTask();
        Assert.False(write.IsCompleted);

        pause.SwitchTo(second, 1000);

        Assert.Equal(1001, (await write).Revision);
        Assert.Null(await Record.ExceptionAsync(async () => await second.GetAsync("/a", Cancellation)));
        Assert.Same(second, store.Current);
    }

    [Fact]
    public async Task A_write_that_waits_too_long_fails_without_having_been_done()
    {
        var clock = new FakeClock();
        var inner = new MemoryStore();
        await using var store = new SwitchableStore(inner, clock);
        using (await store.PauseWritesAsync(Cancellation))
        {
            var write = store.WriteAsync(new("/a", 0, "1"u8.ToArray()), Cancellation).AsTask();
            clock.Advance(store.WriteWait);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => write);
        }

        Assert.Null(await store.GetAsync("/a", Cancellation));
        Assert.True((await store.WriteAsync(new("/a", 0, "2"u8.ToArray()), Cancellation)).Committed);
    }

    [Fact]
    public async Task Watches_end_at_the_switch_and_old_revisions_are_gone()
    {
        var (first, second) = (new MemoryStore(), new MemoryStore());
        await using var store = new SwitchableStore(first, TimeProvider.System);
        await second.AdvanceAsync(1000, Cancellation);
        await using var watch = store.WatchAsync(Everything, 1, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = watch.MoveNextAsync().AsTask();

        (await store.PauseWritesAsync(Cancellation)).SwitchTo(second, 1000);

        Assert.Equal(1000, (await Assert.ThrowsAsync<CompactedException>(() => next)).Compacted);
        await Assert.ThrowsAsync<CompactedException>(async () => await store.ListAsync(Everything, new(1), Cancellation));
        await using var late = store.WatchAsync(Everything, 1, Cancellation).GetAsyncEnumerator(Cancellation);
        await Assert.ThrowsAsync<CompactedException>(async () => await late.MoveNextAsync());
    }

    [Fact]
    public async Task The_old_store_is_closed_when_its_last_reader_is_done_and_not_before()
    {
        var (first, second) = (new MemoryStore(), new MemoryStore());
        await using var store = new SwitchableStore(first, TimeProvider.System);
        var snapshot = await store.OpenSnapshotAsync(Cancellation);

        (await store.PauseWritesAsync(Cancellation)).SwitchTo(second, 1);

        Assert.Equal(0, await snapshot.CountAsync(Everything, Cancellation));
        await snapshot.DisposeAsync();
        await Eventually.TrueAsync(async () => await Record.ExceptionAsync(async () => await first.GetAsync("/a", Cancellation)) is ObjectDisposedException, cancellation: Cancellation);
    }
}
