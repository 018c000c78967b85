namespace Coxswain.Storage.Etcd.Tests;

/// <summary>Asks again where a read finds the store out of reach; a write that ended so stays unknown. Does not own the store.</summary>
internal sealed class PatientStore(IStore store) : IStore
{
    public bool ExpiresKeys => store.ExpiresKeys;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => AgainAsync(() => store.GetRevisionsAsync(cancellation), cancellation);

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => AgainAsync(() => store.GetAsync(key, cancellation), cancellation);

    public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) =>
        AgainAsync(() => store.ListAsync(range, options, cancellation), cancellation);

    public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation) => store.WriteAsync(write, cancellation);

    public IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, CancellationToken cancellation) => store.WatchAsync(range, after, cancellation);

    public async ValueTask CompactAsync(long revision, CancellationToken cancellation) =>
        await AgainAsync(
            async () =>
            {
                await store.CompactAsync(revision, cancellation);
                return true;
            },
            cancellation);

    public ValueTask DisposeAsync() => default;

    private static async ValueTask<T> AgainAsync<T>(Func<ValueTask<T>> ask, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(20, cancellation);
            }
        }
    }
}
