using System.Runtime.CompilerServices;

namespace Coxswain.Storage.Etcd.Tests;

/// <summary>A store as it would look had it been empty when this was made: keys below a root of its own, revisions counted from 1.</summary>
/// <remarks>So one etcd serves all tests of a class, one after another. Owns the store.</remarks>
internal sealed class ShiftedStore(IStore store, string root, long origin) : IStore
{
    public bool ExpiresKeys => store.ExpiresKeys;

    public static async Task<ShiftedStore> BeginAsync(IStore store, CancellationToken cancellation)
    {
        var root = "/" + Guid.NewGuid().ToString("n");

        // A revision of our own: compactions of tests before are below it.
        var begin = await store.WriteAsync(new("begin" + root, 0, ReadOnlyMemory<byte>.Empty), cancellation);
        return new(store, root, begin.Revision - 1);
    }

    public async ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        var (current, compacted) = await store.GetRevisionsAsync(cancellation);
        return new(current - origin, Math.Max(0, compacted - origin));
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => Out(await store.GetAsync(root + key, cancellation));

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        try
        {
            var page = await store.ListAsync(In(range), options with { Revision = options.Revision == 0 ? 0 : options.Revision + origin }, cancellation);
            return page with { Entries = [.. page.Entries.Select(entry => Out(entry)!)], Revision = page.Revision - origin };
        }
        catch (FutureRevisionException error)
        {
            throw new FutureRevisionException(error.Asked - origin, error.Current - origin);
        }
        catch (CompactedException error)
        {
            throw new CompactedException(error.Asked - origin, error.Compacted - origin);
        }
    }

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        var expected = write.ExpectedRevision == 0 ? 0 : write.ExpectedRevision + origin;
        var result = await store.WriteAsync(write with { Key = root + write.Key, ExpectedRevision = expected }, cancellation);
        return result with { Revision = result.Revision - origin, Entry = Out(result.Entry) };
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in store.WatchAsync(In(range), after + origin, cancellation))
        {
            yield return new(
                [.. batch.Changes.Select(change => new StoreChange(Out(change.Before), Out(change.After), change.Revision - origin))], batch.Revision - origin);
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellation) => await store.CompactAsync(revision + origin, cancellation);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private StoreRange In(StoreRange range) => new(root + range.Start, range.End is null ? StoreRange.Prefix(root).End : root + range.End);

    private StoreEntry? Out(StoreEntry? entry) =>
        entry is null ? null : new(entry.Key[root.Length..], entry.Value, entry.CreateRevision - origin, entry.ModRevision - origin);
}
