namespace Coxswain.Storage.Sqlite;

/// <summary>Where writes wait for the next commit, and what wakes the thread that commits.</summary>
/// <remarks>While one commit is flushed to disk the next ones gather here: that is the whole of group commit.</remarks>
#pragma warning disable CA1001 // Writers may still wait in the semaphore when the queue closes; it holds nothing that needs freeing.
internal sealed class WriteQueue(SqliteStoreOptions options)
#pragma warning restore CA1001
{
    private readonly object _gate = new();
    private readonly Queue<PendingWrite> _waiting = new();
    private readonly SemaphoreSlim _room = new(options.QueueLimit, options.QueueLimit);
    private bool _woken;
    private bool _closed;

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
                return _waiting.Count == 0;
        }
    }

    /// <summary>Adds a write; wakes nobody.</summary>
    public async ValueTask AddAsync(PendingWrite write, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        lock (_gate)
        {
            if (!_closed)
            {
                _waiting.Enqueue(write);
                return;
            }
        }

        // The room goes on to the next that waits, which is told the same.
        _room.Release();
        ObjectDisposedException.ThrowIf(true, typeof(SqliteStore));
    }

    /// <summary>Takes the writes of the next commit.</summary>
    public void Take(List<PendingWrite> batch)
    {
        lock (_gate)
        {
            long bytes = 0;
            while (batch.Count < options.BatchLimit && _waiting.TryPeek(out var next))
            {
                bytes += next.Write.Value?.Length ?? 0;
                if (batch.Count > 0 && bytes > options.BatchBytes)
                    break;
                batch.Add(_waiting.Dequeue());
            }
        }

        if (batch.Count > 0)
            _room.Release(batch.Count);
    }

    /// <summary>Wakes the thread that commits.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Blocks the thread that commits until it is woken.</summary>
    /// <returns>False: the queue was closed.</returns>
    public bool WaitForWork()
    {
        lock (_gate)
        {
            while (!_woken && !_closed)
                Monitor.Wait(_gate);
            _woken = false;
            return !_closed;
        }
    }

    /// <summary>No more writes; those that wait are still to be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
