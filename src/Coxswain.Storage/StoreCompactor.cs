namespace Coxswain.Storage;

/// <summary>Compacts a store from time to time, so that what is kept is at least one interval and at most two.</summary>
/// <remarks>Upstream's API server does the same to etcd, every five minutes. What fails is tried again with the next turn.</remarks>
public sealed class StoreCompactor : IAsyncDisposable
{
    private readonly IStore _store;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _failed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _compactions;
    private Exception? _failure;

    /// <summary>Begins at once.</summary>
    /// <param name="failed">Told of each turn that fails; must not throw.</param>
    public StoreCompactor(IStore store, TimeSpan interval, TimeProvider clock, Action<Exception>? failed = null)
    {
        (_store, _interval, _clock, _failed) = (store, interval, clock, failed);
        _loop = RunAsync();
    }

    public static TimeSpan DefaultInterval { get; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the store has been compacted.</summary>
    public long Compactions => Volatile.Read(ref _compactions);

    /// <summary>Why the last turn failed; null if it did not.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        // What was the newest revision one interval ago is what nobody may ask for any more.
        long? before = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var current = (await _store.GetRevisionsAsync(_stop.Token)).Current;
                if (before is { } revision)
                {
                    await _store.CompactAsync(revision, _stop.Token);
                    Interlocked.Increment(ref _compactions);
                }

                before = current;
                Volatile.Write(ref _failure, null);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception error)
            {
                Volatile.Write(ref _failure, error);
                _failed?.Invoke(error);
            }

            await Task.Delay(_interval, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
