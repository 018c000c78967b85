namespace Coxswain.Storage.Tests;

public sealed class MemoryStoreTests : StoreContract
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore());

    [Fact]
    public async Task History_is_bounded_without_being_asked_to_compact()
    {
        await using var store = new MemoryStore(historyLimit: 10);
        for (var i = 0; i < 100; i++)
            await store.WriteAsync(new($"/k{i}", 0, Bytes("v")), Cancellation);

        var revisions = await store.GetRevisionsAsync(Cancellation);
        Assert.Equal(new(101, 91), revisions);
        Assert.Equal(90, (await store.ListAsync(Everything, new(91), Cancellation)).Count);
        await Assert.ThrowsAsync<CompactedException>(async () => await store.ListAsync(Everything, new(90), Cancellation));
        await using var watch = store.WatchAsync(Everything, 90, Cancellation).GetAsyncEnumerator(Cancellation);
        await Assert.ThrowsAsync<CompactedException>(async () => await watch.MoveNextAsync());
    }
}
