using System.Runtime.CompilerServices;

namespace Coxswain.Storage;

/// <summary>A store that can hand out a whole state at the cost of reading it once.</summary>
public interface ISnapshotStore
{
    /// <summary>Everything as of the newest revision. Writes go on. The caller disposes it, soon, and before the store.</summary>
    ValueTask<StoreSnapshot> OpenSnapshotAsync(CancellationToken cancellation);
}

/// <summary>A store whose revision can be moved on without that many writes.</summary>
public interface IRevisionAdvance
{
    /// <summary>Makes a revision the newest one, durably, if it is not reached yet. What is there stays as it is; older revisions can
    /// no longer be read or watched.</summary>
    ValueTask AdvanceAsync(long revision, CancellationToken cancellation);
}

/// <summary>All that a store holds at one revision, read in key order, page by page. One reader at a time.</summary>
public abstract class StoreSnapshot : IAsyncDisposable
{
    public abstract long Revision { get; }

    /// <summary>How many keys a range holds.</summary>
    public abstract ValueTask<long> CountAsync(StoreRange range, CancellationToken cancellation);

    /// <summary>The entries of a range in key order. A page holds some MiB at most, or one entry.</summary>
    /// <exception cref="CompactedException">Reading took so long that the store has forgotten the revision.</exception>
    public abstract IAsyncEnumerable<IReadOnlyList<StoreEntry>> ReadAsync(StoreRange range, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();

    /// <summary>A snapshot of any store: its own, or pages of lists at one revision.</summary>
    public static async ValueTask<StoreSnapshot> OpenAsync(IStore store, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store is ISnapshotStore snapshots
            ? await snapshots.OpenSnapshotAsync(cancellation)
            : new PagedSnapshot(store, (await store.GetRevisionsAsync(cancellation)).Current);
    }

    private sealed class PagedSnapshot(IStore store, long revision) : StoreSnapshot
    {
        private const int LargestPage = 2000;
        private const long PageBytes = 4 << 20;

        public override long Revision => revision;

        public override async ValueTask<long> CountAsync(StoreRange range, CancellationToken cancellation) =>
            (await store.ListAsync(range, new(revision, Limit: 1), cancellation)).Count;

        public override async IAsyncEnumerable<IReadOnlyList<StoreEntry>> ReadAsync(
            StoreRange range, [EnumeratorCancellation] CancellationToken cancellation)
        {
            var limit = 100;
            while (true)
            {
                var page = await store.ListAsync(range, new(revision, limit), cancellation);
                if (page.Entries.Count > 0)
                    yield return page.Entries;
                if (!page.More)
                    yield break;

                // The smallest key after the last one.
                range = range with { Start = page.Entries[^1].Key + "\0" };
                var bytes = page.Entries.Sum(entry => (long)entry.Value.Length);
                limit = bytes > PageBytes ? Math.Max(1, limit / 2) : bytes < PageBytes / 2 ? Math.Min(LargestPage, limit * 2) : limit;
            }
        }

        public override ValueTask DisposeAsync() => default;
    }
}
