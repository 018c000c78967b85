using System.Runtime.CompilerServices;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Tests.Cache;

/// <summary>A store whose watches tell nothing.</summary>
internal sealed class DeafStore : IStore
{
    private readonly MemoryStore _inner = new();

    public bool ExpiresKeys => false;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => _inner.GetRevisionsAsync(cancellation);

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => _inner.GetAsync(key, cancellation);

    public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) => _inner.ListAsync(range, options, cancellation);

    public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation) => _inner.WriteAsync(write, cancellation);

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        yield break;
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => _inner.CompactAsync(revision, cancellation);

    public ValueTask DisposeAsync() => _inner.DisposeAsync();
}
