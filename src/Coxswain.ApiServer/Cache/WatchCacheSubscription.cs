using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Coxswain.ApiServer.Cache;

/// <summary>Why a subscription ended.</summary>
internal enum SubscriptionEnd
{
    None,

    /// <summary>The watcher did, by disposing.</summary>
    Watcher,

    /// <summary>Too many events waited for it.</summary>
    Slow,

    /// <summary>Its filter threw.</summary>
    Failed,

    /// <summary>The cache missed changes and was read anew.</summary>
    Reloaded,

    /// <summary>The cache was closed.</summary>
    Closed,
}

/// <summary>One watcher's events: first what the request asked of the past, then what happens.</summary>
/// <remarks>For one reader. Ends by itself when the watcher is too slow or the cache is read anew; the watcher then watches again
/// from the last revision it saw.</remarks>
internal sealed class WatchCacheSubscription : IDisposable
{
    private readonly Action<WatchCacheSubscription> _detach;
    private readonly Channel<WatchCacheEvent> _events;
    private readonly IEnumerator<WatchCacheEvent> _initial;
    private bool _initialDone;
    private int _end;

    internal WatchCacheSubscription(
        WatchRequest request, long from, IEnumerable<WatchCacheEvent> initial, int capacity, Action<WatchCacheSubscription> detach)
    {
        Request = request;
        From = from;
        _initial = initial.GetEnumerator();
        _detach = detach;
        _events = Channel.CreateBounded<WatchCacheEvent>(new BoundedChannelOptions(capacity)
        {
            SingleReader = true,
            SingleWriter = false,
        });
    }

    public SubscriptionEnd End => (SubscriptionEnd)Volatile.Read(ref _end);

    internal WatchRequest Request { get; }

    /// <summary>Only changes after this revision are sent live; the earlier ones are among the initial events.</summary>
    internal long From { get; }

    /// <summary>The next event if there is one now.</summary>
    public bool TryRead(out WatchCacheEvent next)
    {
        if (!_initialDone)
        {
            if (_initial.MoveNext())
            {
                next = _initial.Current;
                return true;
            }

            _initialDone = true;
            _initial.Dispose();
        }

        return _events.Reader.TryRead(out next);
    }

    /// <summary>Completes when there is something to read; false when the subscription has ended.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellation) =>
        _initialDone ? _events.Reader.WaitToReadAsync(cancellation) : new(true);

    public async IAsyncEnumerable<WatchCacheEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await WaitToReadAsync(cancellation))
        {
            while (TryRead(out var next))
                yield return next;
        }
    }

    public void Dispose()
    {
        Close(SubscriptionEnd.Watcher);
        _detach(this);
    }

    /// <summary>Hands over a live event.</summary>
    /// <returns>False: no room, the watcher is too slow.</returns>
    internal bool TryWrite(in WatchCacheEvent next) => _events.Writer.TryWrite(next);

    internal void Close(SubscriptionEnd reason)
    {
        if (Interlocked.CompareExchange(ref _end, (int)reason, 0) == 0)
            _events.Writer.Complete();
    }
}
