using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Cache;

/// <summary>Who is told of the changes of one key prefix.</summary>
internal interface IFeedReceiver
{
    string KeyPrefix { get; }

    /// <summary>Called for one change at a time, in revision order. Must be quick and must not throw.</summary>
    void Apply(StoreChange change);

    /// <summary>Reads the state anew, because changes were missed. Nothing is applied meanwhile.</summary>
    Task ReloadAsync(CancellationToken cancellation);
}

/// <summary>One watch of the store that feeds all caches.</summary>
/// <remarks>
/// <para>Changes reach the caches in revision order, across kinds. When <see cref="Revision"/> is n, every attached cache has
/// applied everything up to n; so one number answers for all of them how fresh they are, a consistent read of a kind without
/// changes waits for nothing, and an idle cluster costs nothing.</para>
/// <para>A watch that broke is resumed where it stopped. If that is no longer possible, all caches reload, which ends
/// their watches.</para>
/// </remarks>
internal sealed partial class StoreFeed : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly IStore _store;
    private readonly StoreRange _range;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly RevisionSignal _revision = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly Lock _gate = new();
    private FeedRoute[] _routes = [];
    private Task? _pump;
    private long _failures;
    private long _reloads;

    public StoreFeed(IStore store, TimeProvider clock, ILogger log, string prefix = "/registry/") =>
        (_store, _range, _clock, _log) = (store, StoreRange.Prefix(prefix), clock, log);

    /// <summary>What the objects of all caches share.</summary>
    public SharedParts Parts { get; } = new();

    /// <summary>Every attached cache has applied everything up to this revision.</summary>
    public long Revision => _revision.Revision;

    /// <summary>How often the watch of the store broke.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>How often changes were missed, so that all caches had to be read anew.</summary>
    public long Reloads => Volatile.Read(ref _reloads);

    /// <summary>Begins to watch; returns at once if it has begun.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _pump) is not null)
            return;
        await _starting.WaitAsync(cancellation);
        try
        {
            if (_pump is not null)
                return;
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            _revision.Advance((await _store.GetRevisionsAsync(cancellation)).Current);
            Volatile.Write(ref _pump, Task.Run(PumpAsync, CancellationToken.None));
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Completes when every attached cache has applied everything up to a revision.</summary>
    public ValueTask WaitAsync(long revision, CancellationToken cancellation) => _revision.WaitAsync(revision, cancellation);

    /// <summary>From now on tells a receiver of every change of its prefix.</summary>
    /// <remarks>What it is not told of was committed before this call, so a list read after it sees that.</remarks>
    public void Attach(IFeedReceiver receiver)
    {
        lock (_gate)
        {
            var routes = _routes.ToList();
            var index = routes.FindIndex(route => route.Prefix == receiver.KeyPrefix);
            if (index < 0)
                routes.Add(new(receiver.KeyPrefix, [receiver]));
            else
                routes[index] = new(receiver.KeyPrefix, [.. routes[index].Receivers, receiver]);
            routes.Sort((a, b) => string.CompareOrdinal(a.Prefix, b.Prefix));
            Volatile.Write(ref _routes, [.. routes]);
        }
    }

    public void Detach(IFeedReceiver receiver)
    {
        lock (_gate)
        {
            Volatile.Write(ref _routes,
            [
                .. _routes.Select(route => route with { Receivers = [.. route.Receivers.Where(other => other != receiver)] })
                    .Where(route => route.Receivers.Length > 0),
            ]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        if (_pump is not null)
            await _pump;
        _revision.Close(new ObjectDisposedException(nameof(StoreFeed)));
    }

    private async Task PumpAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var batch in _store.WatchAsync(_range, Revision, _stop.Token))
                {
                    foreach (var change in batch.Changes)
                        Dispatch(change);

                    // Last, so that whoever waited for this revision finds the changes applied.
                    _revision.Advance(batch.Revision);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException closed)
            {
                _revision.Close(closed);
                return;
            }
            catch (Exception error)
            {
                Interlocked.Increment(ref _failures);
                LogBroken(error, Revision);
                if (!await RecoverAsync(missed: error is CompactedException))
                    return;
            }
        }
    }

    /// <summary>Makes ready to watch again.</summary>
    /// <returns>False if the feed was closed meanwhile.</returns>
    private async Task<bool> RecoverAsync(bool missed)
    {
        while (true)
        {
            try
            {
                if (!missed)
                {
                    await Task.Delay(RetryDelay, _clock, _stop.Token);
                    return true;
                }

                // Taken before the lists: each cache skips the changes that its list already shows.
                var revision = (await _store.GetRevisionsAsync(_stop.Token)).Current;
                foreach (var route in Volatile.Read(ref _routes))
                {
                    foreach (var receiver in route.Receivers)
                        await receiver.ReloadAsync(_stop.Token);
                }

                Interlocked.Increment(ref _reloads);
                _revision.Advance(revision);
                return true;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return false;
            }
            catch (ObjectDisposedException closed)
            {
                _revision.Close(closed);
                return false;
            }
            catch (Exception error)
            {
                LogBroken(error, Revision);
                await Task.Delay(RetryDelay, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Dispatch(StoreChange change)
    {
        var routes = Volatile.Read(ref _routes);
        int low = 0, high = routes.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(routes[middle].Prefix, change.Key) <= 0)
                low = middle + 1;
            else
                high = middle;
        }

        // Prefixes end with a slash and do not lie within each other.
        if (low > 0 && change.Key.StartsWith(routes[low - 1].Prefix, StringComparison.Ordinal))
        {
            foreach (var receiver in routes[low - 1].Receivers)
                receiver.Apply(change);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The watch of the store broke after revision {Revision}; resuming")]
    private partial void LogBroken(Exception error, long revision);

    private sealed record FeedRoute(string Prefix, IFeedReceiver[] Receivers);
}
