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

    public async ValueTask AddAsync(PendingWrite write, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        lock (_gate)
        {
            if (!_closed)
            {
                _waiting.Enqueue(write);
                Monitor.Pulse(_gate);
                return;
            }
        }

        // The room goes on to the next that waits, which is told the same.
        _room.Release();
        ObjectDisposedException.ThrowIf(true, typeof(SqliteStore));
    }

    /// <summary>Wakes the committing thread for something else than a write.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>No more writes; those that wait are still taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes the writes of the next commit. Blocks the committing thread until there are some, unless it has other work.</summary>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool Take(List<PendingWrite> batch, bool wait)
    {
        lock (_gate)
        {
            while (wait && _waiting.Count == 0 && !_woken && !_closed)
                Monitor.Wait(_gate);
            _woken = false;
            long bytes = 0;
            while (batch.Count < options.BatchLimit && _waiting.TryPeek(out var next))
            {
                bytes += next.Write.Value?.Length ?? 0;
                if (batch.Count > 0 && bytes > options.BatchBytes)
                    break;
                batch.Add(_waiting.Dequeue());
            }

            if (batch.Count > 0)
                _room.Release(batch.Count);
            return batch.Count > 0 || !_closed;
        }
    }}
