using System.Runtime.CompilerServices;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Datastore;

/// <summary>The store as the server uses it: knows whether it answers, and fails at once while it does not.</summary>
/// <remarks>
/// <para>When the linearizable revision is not had in <see cref="ReadPatience"/>, the store counts as lost (no quorum, no network):
/// from then on everything fails at once with <see cref="StoreUnavailableException"/>, so that requests do not pile up, and a probe
/// finds out when it is well again. A write that takes long is no sign by itself, as disks may be slow: it makes the server ask
/// for the revision.</para>
/// <para>Watches are left alone: they go on, or end by themselves. Safe for concurrent use. The store beneath stays its owner's.</para>
/// </remarks>
internal sealed partial class GuardedStore : IStore
{
    public static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly IStore _inner;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _probe = Task.CompletedTask;
    private Task _check = Task.CompletedTask;
    private Outage? _outage;
    private long _answered;
    private long _outages;

    public GuardedStore(IStore inner, TimeProvider clock, ILogger log)
    {
        (_inner, _clock, _log) = (inner, clock, log);
        _answered = clock.GetTimestamp();
        Metrics = new(clock);
    }

    public StoreMetrics Metrics { get; }

    public bool IsAvailable => Volatile.Read(ref _outage) is null;

    /// <summary>How often the store was lost.</summary>
    public long Outages => Volatile.Read(ref _outages);

    public bool ExpiresKeys => _inner.ExpiresKeys;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        ThrowIfLost();
        return AskAsync(cancellation);
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        ThrowIfLost();
        try
        {
            using (Metrics.Measure(StoreOperation.Get))
                return await _inner.GetAsync(key, cancellation);
        }
        catch (StoreUnavailableException error)
        {
            throw Doubt(error);
        }
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        ThrowIfLost();
        try
        {
            using (Metrics.Measure(StoreOperation.List))
                return await _inner.ListAsync(range, options, cancellation);
        }
        catch (StoreUnavailableException error)
        {
            throw Doubt(error);
        }
    }

    /// <remarks>A write that was given up may still be done.</remarks>
    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        ThrowIfLost();
        using var measured = Metrics.Measure(write.Value is null ? StoreOperation.Delete : write.ExpectedRevision == 0 ? StoreOperation.Create : StoreOperation.Update);
        try
        {
            var writing = _inner.WriteAsync(write, cancellation);
            if (writing.IsCompleted)
                return await writing;
            var task = writing.AsTask();
            while (true)
            {
                try
                {
                    return await task.WaitAsync(WritePatience, _clock, CancellationToken.None);
                }
                catch (TimeoutException) when (!task.IsCompleted)
                {
                    await CheckAsync();
                    if (Volatile.Read(ref _outage) is { } outage)
                        throw new StoreUnavailableException(outage.Message + "; whether the write was done is not known");
                }
            }
        }
        catch (StoreUnavailableException error) when (IsAvailable)
        {
            Metrics.Failed();
            throw Doubt(error);
        }
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in _inner.WatchAsync(range, after, cancellation))
            yield return batch;
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => _inner.CompactAsync(revision, cancellation);

    /// <summary>Ends the probe; the store beneath stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        Task probe, check;
        lock (_gate)
            (probe, check) = (_probe, _check);
        await probe;
        await check;
    }

    private void ThrowIfLost()
    {
        if (Volatile.Read(ref _outage) is not { } outage)
            return;
        Metrics.Failed();
        throw new StoreUnavailableException(outage.Message, outage.Cause);
    }

    private ValueTask<StoreRevisions> AskAsync(CancellationToken cancellation)
    {
        ValueTask<StoreRevisions> asked;
        try
        {
            asked = _inner.GetRevisionsAsync(cancellation);
        }
        catch (StoreUnavailableException error)
        {
            throw Lost(error);
        }

        // Stores on this machine answer at once, and that should cost nothing.
        if (!asked.IsCompletedSuccessfully)
            return WaitAsync(asked, cancellation);
        Volatile.Write(ref _answered, _clock.GetTimestamp());
        return asked;
    }

    private async ValueTask<StoreRevisions> WaitAsync(ValueTask<StoreRevisions> asked, CancellationToken cancellation)
    {
        try
        {
            using (Metrics.Measure(StoreOperation.Revision))
            {
                var revisions = await asked.AsTask().WaitAsync(ReadPatience, _clock, cancellation);
                Volatile.Write(ref _answered, _clock.GetTimestamp());
                return revisions;
            }
        }
        catch (Exception error) when (error is TimeoutException or StoreUnavailableException)
        {
            throw Lost(error);
        }
    }

    /// <summary>Something failed that may have a reason of its own: asks for the revision, in the background.</summary>
    private StoreUnavailableException Doubt(StoreUnavailableException error)
    {
        _ = CheckAsync();
        return new($"the datastore cannot be reached or has no quorum: {error.Message}", error);
    }

    /// <summary>Asks for the revision, once for all who doubt; completes when it is known whether the store answers.</summary>
    private Task CheckAsync()
    {
        lock (_gate)
        {
            if (_check.IsCompleted && !_stop.IsCancellationRequested && _outage is null)
                _check = Task.Run(AskOnceAsync);
            return _check;
        }

        async Task AskOnceAsync()
        {
            try
            {
                await AskAsync(_stop.Token);
            }
            catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
            {
                // Noted already; or this server or the store is closed.
            }
        }
    }

    private StoreUnavailableException Lost(Exception cause)
    {
        lock (_gate)
        {
            if (_outage is null && !_stop.IsCancellationRequested)
            {
                var since = _clock.GetUtcNow() - _clock.GetElapsedTime(Volatile.Read(ref _answered));
                var outage = new Outage($"the datastore cannot be reached or has no quorum; it last answered at {since:yyyy-MM-dd'T'HH:mm:ss'Z'}", cause);
                Volatile.Write(ref _outage, outage);
                Interlocked.Increment(ref _outages);
                LogLost(cause is TimeoutException ? "no answer" : cause.Message);
                _probe = Task.Run(ProbeAsync);
            }

            Metrics.Failed();
            return new(_outage?.Message ?? cause.Message, cause);
        }
    }

    /// <summary>Asks until the store answers.</summary>
    private async Task ProbeAsync()
    {
        var began = _clock.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await _inner.GetRevisionsAsync(_stop.Token).AsTask().WaitAsync(ReadPatience, _clock, _stop.Token);
                break;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception)
            {
                // That is what is being waited for to end; the reason was logged when it began.
            }

            await Task.Delay(pause, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
                return;
        }

        Volatile.Write(ref _answered, _clock.GetTimestamp());
        Volatile.Write(ref _outage, null);
        LogBack(_clock.GetElapsedTime(began));
    }

    private sealed record Outage(string Message, Exception Cause);

    [LoggerMessage(LogLevel.Error, "The datastore is lost ({Reason}); reads are answered from the cache and writes refused until it is back")]
    private partial void LogLost(string reason);

    [LoggerMessage(LogLevel.Information, "The datastore is back after {Time}")]
    private partial void LogBack(TimeSpan time);
}
