namespace Coxswain.Storage;

/// <summary>The newest committed changes, kept in memory within bounds, from which any number of watches read at their own pace.</summary>
/// <remarks>
/// <para>For backends: append in revision order from one writer at a time, right after the commit. Reading never blocks the
/// writer for longer than the copying of one batch. A reader that fell behind what is kept is told so and must catch up
/// elsewhere or end.</para>
/// <para>Safe for concurrent use.</para>
/// </remarks>
public sealed class ChangeLog
{
    private const int BatchLimit = 1024;

    private readonly Lock _gate = new();
    private readonly int _maxCount;
    private readonly long _maxBytes;
    private StoreChange[] _ring = new StoreChange[256];
    private int _head;
    private int _count;
    private long _bytes;
    private long _start;
    private long _revision;
    private Exception? _closed;
    private TaskCompletionSource? _signal;

    /// <param name="start">There are no changes after this one and up to <paramref name="revision"/> that could be missed.</param>
    /// <param name="revision">The newest revision so far.</param>
    public ChangeLog(long start, long revision, int maxCount, long maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, revision);
        (_start, _revision, _maxCount, _maxBytes) = (start, revision, maxCount, maxBytes);
    }

    /// <summary>The newest appended revision.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>All changes after this revision are kept.</summary>
    public long Start => Volatile.Read(ref _start);

    /// <summary>Appends the changes of one commit and wakes the readers.</summary>
    public void Append(ReadOnlySpan<StoreChange> changes)
    {
        if (changes.IsEmpty)
            return;
        TaskCompletionSource? signal;
        lock (_gate)
        {
            foreach (var change in changes)
            {
                if (_count == _maxCount)
                    DropOldest();
                if (_count == _ring.Length)
                    Grow();
                _ring[(_head + _count++) % _ring.Length] = change;
                _bytes += Size(change);
            }

            while (_bytes > _maxBytes && _count > 1)
                DropOldest();
            Volatile.Write(ref _revision, changes[^1].Revision);
            (signal, _signal) = (_signal, null);
        }

        signal?.SetResult();
    }

    /// <summary>Forgets the changes up to a revision.</summary>
    public void TrimTo(long revision)
    {
        lock (_gate)
        {
            while (_count > 0 && _ring[_head].Revision <= revision)
                DropOldest();
            if (revision > _start && revision <= _revision)
                Volatile.Write(ref _start, revision);
        }
    }

    /// <summary>Forgets everything and goes on after a later revision, because changes in between were missed: readers that have not
    /// read that far are told that they fell behind.</summary>
    public void Restart(long revision)
    {
        TaskCompletionSource? signal;
        lock (_gate)
        {
            if (revision <= _revision)
                return;
            while (_count > 0)
                DropOldest();
            Volatile.Write(ref _start, revision);
            Volatile.Write(ref _revision, revision);
            (signal, _signal) = (_signal, null);
        }

        signal?.SetResult();
    }

    /// <summary>The next batch of a range after a revision.</summary>
    /// <returns>False if the changes after that revision are no longer all kept. True with a null batch: nothing new yet.</returns>
    /// <exception cref="Exception">What the log was closed with.</exception>
    public bool TryRead(StoreRange range, long after, out StoreChanges? batch)
    {
        batch = null;
        lock (_gate)
        {
            if (_closed is not null)
                throw _closed;
            if (after < _start)
                return false;
            if (after >= _revision)
                return true;

            var index = IndexAfter(after);
            var end = Math.Min(_count, index + BatchLimit);

            // A store may change many keys at one revision, as etcd does when a lease ends; a batch never ends inside one.
            while (end < _count && At(end).Revision == At(end - 1).Revision)
                end++;
            var revision = end == _count ? _revision : At(end - 1).Revision;
            List<StoreChange>? changes = null;
            for (; index < end; index++)
            {
                var change = At(index);
                if (range.Contains(change.Key))
                    (changes ??= []).Add(change);
            }

            batch = new(changes ?? (IReadOnlyList<StoreChange>)[], revision);
            return true;
        }
    }

    /// <summary>Completes when there is a revision after the given one, or when the log was closed.</summary>
    public Task WaitAsync(long after, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_revision > after || _closed is not null)
                return Task.CompletedTask;
            _signal ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _signal.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends all reading with an exception.</summary>
    public void Close(Exception reason)
    {
        TaskCompletionSource? signal;
        lock (_gate)
        {
            _closed ??= reason;
            (signal, _signal) = (_signal, null);
        }

        signal?.SetResult();
    }

    // What was there before is mostly what another change made; of a deletion it is what the change keeps.
    private static long Size(StoreChange change) => 256 + (change.Key.Length * 2) + ((change.After ?? change.Before)?.Value.Length ?? 0);

    private StoreChange At(int index) => _ring[(_head + index) % _ring.Length];

    private int IndexAfter(long revision)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).Revision <= revision)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void DropOldest()
    {
        var oldest = _ring[_head];
        _ring[_head] = null!;
        _head = (_head + 1) % _ring.Length;
        _count--;
        _bytes -= Size(oldest);
        Volatile.Write(ref _start, oldest.Revision);
    }

    private void Grow()
    {
        var grown = new StoreChange[Math.Min(_ring.Length * 2, Math.Max(_maxCount, _ring.Length + 1))];
        for (var i = 0; i < _count; i++)
            grown[i] = At(i);
        (_ring, _head) = (grown, 0);
    }
}
