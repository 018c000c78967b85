namespace Coxswain.ApiServer.Cache;

/// <summary>A revision that only grows, and on which any number of readers can wait.</summary>
internal sealed class RevisionSignal
{
    private readonly Lock _gate = new();
    private long _revision;
    private Exception? _closed;
    private TaskCompletionSource? _signal;

    public long Revision => Volatile.Read(ref _revision);

    public void Advance(long revision)
    {
        TaskCompletionSource? signal;
        lock (_gate)
        {
            if (revision <= _revision)
                return;
            Volatile.Write(ref _revision, revision);
            (signal, _signal) = (_signal, null);
        }

        signal?.SetResult();
    }

    /// <summary>Ends all waiting with an exception.</summary>
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

    public ValueTask WaitAsync(long revision, CancellationToken cancellation) =>
        Revision >= revision ? default : new(WaitSlowAsync(revision, cancellation));

    private async Task WaitSlowAsync(long revision, CancellationToken cancellation)
    {
        while (true)
        {
            Task signal;
            lock (_gate)
            {
                if (_revision >= revision)
                    return;
                if (_closed is not null)
                    throw _closed;
                _signal ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                signal = _signal.Task;
            }

            await signal.WaitAsync(cancellation);
        }
    }
}
