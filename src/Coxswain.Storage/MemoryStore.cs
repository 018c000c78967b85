using System.Runtime.CompilerServices;

namespace Coxswain.Storage;

/// <summary>A store that lives and dies with the process: for tests, scratch clusters and the check of a backup.</summary>
/// <remarks>Every kept revision holds its own root of one persistent tree, so a read at a revision costs what a read of the
/// newest costs. History is bounded: the oldest revisions are compacted when there are more than the limit.</remarks>
public sealed class MemoryStore : IStore, IRevisionAdvance
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, SortedTree<StoreEntry>> _states = [];
    private readonly ChangeLog _log;
    private readonly int _historyLimit;
    private SortedTree<StoreEntry> _live = SortedTree<StoreEntry>.Empty;

    // etcd's first revision is 1 as well: a list of an empty store needs a resource version that is not 0.
    private long _revision = 1;
    private long _compacted;
    private bool _disposed;

    /// <param name="historyLimit">How many revisions are kept without being asked to compact.</param>
    public MemoryStore(int historyLimit = 100_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(historyLimit);
        _historyLimit = historyLimit;
        _log = new(start: 0, _revision, historyLimit, maxBytes: long.MaxValue);
        _states[0] = _states[1] = _live;
    }

    public bool ExpiresKeys => false;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new(new StoreRevisions(_revision, _compacted));
        }
    }

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new(_live.Find(key));
        }
    }

    public ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        SortedTree<StoreEntry> state;
        long revision;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            revision = options.Revision == 0 ? _revision : options.Revision;
            if (revision > _revision)
                throw new FutureRevisionException(revision, _revision);
            if (revision < _compacted)
                throw new CompactedException(revision, _compacted);
            state = _states[revision];
        }

        var count = state.CountRange(range);
        var wanted = options.Limit == 0 ? count : Math.Min(count, options.Limit);
        var entries = new List<StoreEntry>(wanted);
        if (wanted > 0)
            entries.AddRange(state.Range(range).Take(wanted));
        return new(new StorePage(entries, revision, More: count > wanted, count));
    }

    public ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentException.ThrowIfNullOrEmpty(write.Key);
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var before = _live.Find(write.Key);
            if ((before?.ModRevision ?? 0) != write.ExpectedRevision || (before is null && write.Value is null))
                return new(new WriteResult(Committed: false, _revision, before));

            var revision = ++_revision;
            StoreEntry? after = null;
            if (write.Value is { } value)
            {
                after = new(write.Key, value, before?.CreateRevision ?? revision, revision);
                _live = _live.Set(after);
            }
            else
            {
                _live = _live.Remove(write.Key);
            }

            _states[revision] = _live;
            if (revision - _compacted > _historyLimit)
                Compact(revision - _historyLimit);

            // Inside the gate, so that watches see revisions in the order in which they were committed.
            _log.Append([new(before, after, revision)]);
            return new(new WriteResult(Committed: true, revision, after));
        }
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_log.TryRead(range, after, out var batch))
                throw new CompactedException(after, Math.Max(_log.Start, (await GetRevisionsAsync(cancellation)).Compacted));
            if (batch is null)
            {
                await _log.WaitAsync(after, cancellation);
                continue;
            }

            after = batch.Revision;
            yield return batch;
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (revision > _revision)
                throw new FutureRevisionException(revision, _revision);
            Compact(revision);
            return default;
        }
    }

    public ValueTask AdvanceAsync(long revision, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (revision <= _revision)
                return default;
            _states.Clear();
            _states[revision] = _live;
            (_revision, _compacted) = (revision, revision);
            _log.Restart(revision);
            return default;
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
            _disposed = true;
        _log.Close(new ObjectDisposedException(nameof(MemoryStore)));
        return default;
    }

    private void Compact(long revision)
    {
        for (; _compacted < revision; _compacted++)
            _states.Remove(_compacted);
        _log.TrimTo(revision);
    }
}
