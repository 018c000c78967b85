using Coxswain.Api;
using Coxswain.ApiServer.Datastore;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Cache;

/// <summary>All objects of one resource in memory: the present state, the recent past, and who watches.</summary>
/// <remarks>
/// <para>Each change is decoded once and stamped once when it enters; lists, reads and watches share what came of it. Taking a
/// snapshot is O(1), a change O(log n). Reads are consistent if they first wait for the store's revision
/// (<see cref="WaitForRevisionAsync"/>).</para>
/// <para>Loads when it is first asked for (<see cref="ReadyAsync"/>); before that nothing else may be called. Safe for
/// concurrent use.</para>
/// </remarks>
internal sealed partial class WatchCache : IFeedReceiver, IDisposable
{
    private readonly IStore _store;
    private readonly StoreFeed _feed;
    private readonly IObjectDecoder _decoder;
    private readonly CacheLoader _loader;
    private readonly WatchCacheOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CacheHistory _history;
    private readonly DecodedObjects _decoded;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _undecodable = new(StringComparer.Ordinal);
    private readonly List<WatchCacheSubscription> _subscriptions = [];
    private SortedTree<CachedObject> _objects = SortedTree<CachedObject>.Empty;
    private List<StoreChange>? _pending;
    private WeakReference<CacheSnapshot>? _loadedPast;
    private ITimer? _bookmarks;
    private long _revision;
    private long _bytes;
    private long _slowWatchers;
    private long _staleReads;
    private bool _ready;
    private bool _disposed;

    public WatchCache(
        ResourceDescriptor descriptor,
        string keyPrefix,
        IStore store,
        StoreFeed feed,
        IObjectDecoder decoder,
        WatchCacheOptions options,
        TimeProvider clock,
        ILogger log)
    {
        (Descriptor, KeyPrefix) = (descriptor, keyPrefix);
        (_store, _feed, _decoder, _options, _clock, _log) = (store, feed, decoder, options, clock, log);
        _loader = new(store, keyPrefix, decoder, log);
        _history = new(options, clock);
        _decoded = new(decoder, options.DecodedBytes);
    }

    public ResourceDescriptor Descriptor { get; }

    public string KeyPrefix { get; }

    /// <summary>Everything up to this revision is in the cache.</summary>
    public long Revision => Math.Max(_feed.Revision, Volatile.Read(ref _revision));

    /// <summary>How many objects there are.</summary>
    public int Count => Volatile.Read(ref _objects).Count;

    /// <summary>Stands for the present state: another object after each change. Null until the cache is loaded.</summary>
    public object? State => Volatile.Read(ref _ready) ? Volatile.Read(ref _objects) : null;

    /// <summary>How many bytes of JSON the present objects hold.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int HistoryCount => _history.Count;

    public long HistoryBytes => _history.Bytes;

    public int Subscriptions => _subscriptions.Count;

    /// <summary>How many watchers were closed because too many events waited for them.</summary>
    public long SlowWatchers => Volatile.Read(ref _slowWatchers);

    /// <summary>How many reads were answered though the store did not say whether they are current.</summary>
    public long StaleReads => Volatile.Read(ref _staleReads);

    /// <summary>How many changes have entered.</summary>
    public long Changes { get; private set; }

    /// <summary>Keys whose stored value cannot be read, with the reason. They are absent from lists and watches.</summary>
    public IReadOnlyDictionary<string, string> Undecodable
    {
        get
        {
            lock (_gate)
                return new Dictionary<string, string>(_undecodable);
        }
    }

    /// <summary>Why the value of a key cannot be read; null: it can, or there is none.</summary>
    public string? WhyUnreadable(string key)
    {
        lock (_gate)
            return _undecodable.Count > 0 ? _undecodable.GetValueOrDefault(key) : null;
    }

    /// <summary>Loads the cache if nobody has yet, and completes when it can be read.</summary>
    public ValueTask ReadyAsync(CancellationToken cancellation) => Volatile.Read(ref _ready) ? default : new(LoadAsync(cancellation));

    /// <summary>Completes when everything up to a revision is in the cache.</summary>
    public ValueTask WaitForRevisionAsync(long revision, CancellationToken cancellation) =>
        Volatile.Read(ref _revision) >= revision ? default : _feed.WaitAsync(revision, cancellation);

    /// <summary>Completes when every write that was acknowledged before this call is in the cache: a read after it is consistent.</summary>
    /// <exception cref="StoreUnavailableException">The store does not say how far it is, or its changes do not come.</exception>
    public ValueTask CatchUpAsync(CancellationToken cancellation)
    {
        var asked = _store.GetRevisionsAsync(cancellation);
        if (!asked.IsCompletedSuccessfully)
            return CatchUpSlowlyAsync(asked, cancellation);
        var revisions = asked.Result;
        return Revision >= revisions.Current ? default : CatchUpSlowlyAsync(new(revisions), cancellation);
    }

    /// <summary>The same, but where the store does not answer the cache is left as it is: for reads that may be old rather than fail.</summary>
    /// <returns>Null: a read after it is consistent. Otherwise why it may be old.</returns>
    public async ValueTask<string?> TryCatchUpAsync(CancellationToken cancellation)
    {
        try
        {
            await CatchUpAsync(cancellation);
            return null;
        }
        catch (StoreUnavailableException lost)
        {
            Interlocked.Increment(ref _staleReads);
            return Unavailable.Warning(lost);
        }
    }

    private async ValueTask CatchUpSlowlyAsync(ValueTask<StoreRevisions> asked, CancellationToken cancellation)
    {
        var revision = (await asked).Current;
        var waiting = WaitForRevisionAsync(revision, cancellation);
        if (waiting.IsCompletedSuccessfully)
            return;
        var task = waiting.AsTask();
        try
        {
            await task.WaitAsync(_options.CatchUpPatience, _clock, cancellation);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            // The store answers, but its watch is behind: another reader of it would see more than we do.
            throw new StoreUnavailableException($"changes of the datastore after revision {Revision} do not come, though it is at {revision}");
        }
    }

    /// <summary>Keeps all objects decoded from now on: for parts of this process that read or hold them all.</summary>
    public void KeepDecoded() => _decoded.KeepAll();

    /// <summary>The present state.</summary>
    public CacheSnapshot Snapshot()
    {
        lock (_gate)
            return new(_objects, Revision);
    }

    /// <summary>The state as of a revision of the recent past; null if it is too long ago or not reached.</summary>
    public CacheSnapshot? SnapshotAt(long revision)
    {
        lock (_gate)
        {
            if (revision > Revision)
                return null;
            return _history.StateAt(revision) is { } state ? new(state, revision) : null;
        }
    }

    /// <summary>The state as of a revision, read from the store if the cache has forgotten it; null if the store has too.</summary>
    /// <remarks>What has not changed since is shared with the present state. The last state that was read so is kept as long as
    /// memory allows, for the next page of the same list.</remarks>
    public async ValueTask<CacheSnapshot?> SnapshotAtAsync(long revision, CancellationToken cancellation)
    {
        if (SnapshotAt(revision) is { } known)
            return known;
        if (Volatile.Read(ref _loadedPast) is { } reference && reference.TryGetTarget(out var past) && past.Revision == revision)
            return past;
        try
        {
            var loaded = await _loader.LoadAsync(Volatile.Read(ref _objects), revision, cancellation);
            foreach (var cached in loaded.Objects)
                _decoded.Hold(cached);
            var snapshot = new CacheSnapshot(loaded.Objects, revision);
            Volatile.Write(ref _loadedPast, new(snapshot));
            return snapshot;
        }
        catch (Exception error) when (error is CompactedException or FutureRevisionException)
        {
            return null;
        }
    }

    /// <summary>Begins to tell a watcher what happens. Without a gap between the past it asked for and what comes.</summary>
    /// <exception cref="ExpiredException">The changes after that revision are no longer all known.</exception>
    public WatchCacheSubscription Watch(WatchRequest request)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var revision = Revision;
            IEnumerable<WatchCacheEvent> initial;
            if (request.After is { } after)
            {
                if (after < _history.Start)
                    throw new ExpiredException(after, _history.Start);
                initial = Past(_history.After(after), request);
            }
            else
            {
                initial = Present(_objects, revision, request);
            }

            var subscription = new WatchCacheSubscription(
                request, Math.Max(request.After ?? 0, revision), initial, _options.WatcherCapacity, Detach);
            _subscriptions.Add(subscription);
            _bookmarks ??= _clock.CreateTimer(
                static cache => ((WatchCache)cache!).SendBookmarks(), this, _options.BookmarkInterval, _options.BookmarkInterval);
            return subscription;
        }
    }

    public void Dispose()
    {
        _feed.Detach(this);
        lock (_gate)
        {
            _disposed = true;
            CloseAll(SubscriptionEnd.Closed);
            _bookmarks?.Dispose();
        }
    }

    void IFeedReceiver.Apply(StoreChange change)
    {
        lock (_gate)
        {
            if (_pending is not null)
                _pending.Add(change);
            else
                Apply(change);
        }
    }

    async Task IFeedReceiver.ReloadAsync(CancellationToken cancellation)
    {
        // One that is still loading reads the newest state anyway.
        if (!Volatile.Read(ref _ready))
            return;
        var page = await _loader.LoadAsync(Volatile.Read(ref _objects), revision: 0, cancellation);
        lock (_gate)
        {
            Fill(page);
            CloseAll(SubscriptionEnd.Reloaded);
        }
    }

    private async Task LoadAsync(CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            if (_ready)
                return;
            ObjectDisposedException.ThrowIf(_disposed, this);
            await _feed.StartAsync(cancellation);

            // 1. Keep the changes that come while the list is read. 2. List. 3. Apply those that the list does not show.
            lock (_gate)
                _pending = [];
            _feed.Attach(this);
            try
            {
                var page = await _loader.LoadAsync(Volatile.Read(ref _objects), revision: 0, cancellation);
                lock (_gate)
                {
                    Fill(page);
                    foreach (var change in _pending)
                        Apply(change);
                    _pending = null;
                    Volatile.Write(ref _ready, true);
                }
            }
            catch
            {
                _feed.Detach(this);
                throw;
            }
        }
        finally
        {
            _loading.Release();
        }
    }

    private void Fill(LoadedState page)
    {
        _undecodable.Clear();
        foreach (var (key, reason) in page.Undecodable)
            _undecodable[key] = reason;
        foreach (var cached in page.Objects)
            _decoded.Hold(cached);
        Volatile.Write(ref _objects, page.Objects);
        Volatile.Write(ref _revision, page.Revision);
        Volatile.Write(ref _bytes, page.Bytes);
        _history.Reset(page.Objects, page.Revision);
    }

    private void Apply(StoreChange stored)
    {
        if (stored.Revision <= _revision)
            return;
        Volatile.Write(ref _revision, stored.Revision);
        Changes++;
        var previous = _objects.Find(stored.Key);
        if (_undecodable.Count > 0)
            _undecodable.Remove(stored.Key);
        var current = stored.After is null ? null : _loader.Decode(stored.After, _undecodable);
        if (current is not null)
            _decoded.Hold(current);
        if (previous is null && current is null)
            return;

        var objects = current is null ? _objects.Remove(stored.Key) : _objects.Set(current);
        Volatile.Write(ref _objects, objects);
        Volatile.Write(ref _bytes, _bytes + (current?.JsonLength ?? 0) - (previous?.JsonLength ?? 0));
        var change = new CacheChange(previous, current, stored.Revision, _decoder);
        _history.Add(change, objects);
        for (var i = _subscriptions.Count - 1; i >= 0; i--)
            Tell(_subscriptions[i], change);
    }

    private void Tell(WatchCacheSubscription subscription, CacheChange change)
    {
        if (change.Revision <= subscription.From || !change.Key.StartsWith(subscription.Request.KeyPrefix, StringComparison.Ordinal))
            return;
        try
        {
            if (change.For(subscription.Request.Filter) is { } next && !subscription.TryWrite(next))
                CloseSlow(subscription);
        }
        catch (Exception error)
        {
            // A filter that fails ends its own watch and nobody else's.
            LogFilter(error, change.Key);
            Close(subscription, SubscriptionEnd.Failed);
        }
    }

    private void CloseSlow(WatchCacheSubscription subscription)
    {
        Close(subscription, SubscriptionEnd.Slow);
        _slowWatchers++;
    }

    private void Close(WatchCacheSubscription subscription, SubscriptionEnd reason)
    {
        subscription.Close(reason);
        _subscriptions.Remove(subscription);
    }

    private void SendBookmarks()
    {
        lock (_gate)
        {
            if (_disposed)
                return;

            // Under the lock, so that no event up to this revision can follow it.
            var revision = Revision;
            CachedObject? bookmark = null;
            for (var i = _subscriptions.Count - 1; i >= 0; i--)
            {
                if (!_subscriptions[i].Request.Bookmarks)
                    continue;
                bookmark ??= _decoder.Bookmark(revision, initialEventsEnd: false);
                if (!_subscriptions[i].TryWrite(new(WatchCacheEventType.Bookmark, bookmark, null, revision)))
                    CloseSlow(_subscriptions[i]);
            }
        }
    }

    private void CloseAll(SubscriptionEnd reason)
    {
        foreach (var subscription in _subscriptions)
            subscription.Close(reason);
        _subscriptions.Clear();
    }

    private void Detach(WatchCacheSubscription subscription)
    {
        lock (_gate)
            _subscriptions.Remove(subscription);
    }

    private static IEnumerable<WatchCacheEvent> Past(CacheChange[] changes, WatchRequest request)
    {
        foreach (var change in changes)
        {
            if (change.Key.StartsWith(request.KeyPrefix, StringComparison.Ordinal) && change.For(request.Filter) is { } next)
                yield return next;
        }
    }

    private IEnumerable<WatchCacheEvent> Present(SortedTree<CachedObject> objects, long revision, WatchRequest request)
    {
        foreach (var cached in objects.Range(StoreRange.Prefix(request.KeyPrefix)))
        {
            if (request.Filter is null || request.Filter(cached))
                yield return new(WatchCacheEventType.Added, cached, null, cached.Revision);
        }

        if (request.InitialEventsEnd)
            yield return new(WatchCacheEventType.Bookmark, _decoder.Bookmark(revision, initialEventsEnd: true), null, revision);
    }

    [LoggerMessage(LogLevel.Error, "The filter of a watch failed at {Key}; the watch ends")]
    private partial void LogFilter(Exception error, string key);
}
