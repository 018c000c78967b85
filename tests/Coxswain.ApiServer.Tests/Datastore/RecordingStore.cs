using System.Collections.Concurrent;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Tests.Datastore;

/// <summary>Writes down what is written, and says of itself whether it expires keys.</summary>
internal sealed class RecordingStore(IStore inner, bool expires) : IStore
{
    public ConcurrentQueue<StoreWrite> Writes { get; } = new();

    public bool ExpiresKeys => expires;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => inner.GetAsync(key, cancellation);

    public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) => inner.ListAsync(range, options, cancellation);

    public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        Writes.Enqueue(write);
        return inner.WriteAsync(write, cancellation);
    }

    public IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, CancellationToken cancellation) => inner.WatchAsync(range, after, cancellation);

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
