using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

internal enum WatchCacheEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

/// <summary>What one watcher is told.</summary>
/// <param name="Object">What goes on the wire. Of a deletion, or of an object that left the selection: its last matching state,
/// stamped with the revision of the event.</param>
/// <param name="Previous">The object's state before, if it was there.</param>
internal readonly record struct WatchCacheEvent(WatchCacheEventType Type, CachedObject Object, CachedObject? Previous, long Revision);

/// <summary>A change as the cache keeps it: once, for all watchers.</summary>
internal sealed class CacheChange(
    CachedObject? previous, CachedObject? current, long revision, IObjectDecoder decoder)
{
    private CachedObject? _last;

    public CachedObject? Previous => previous;

    public CachedObject? Current => current;

    public long Revision => revision;

    public string Key => (current ?? previous)!.Key;

    /// <summary>The state after this change, made of the one before.</summary>
    public SortedTree<CachedObject> ApplyTo(SortedTree<CachedObject> before) => current is null ? before.Remove(Key) : before.Set(current);

    /// <summary>What a watcher with a filter is told of this change; null: nothing.</summary>
    public WatchCacheEvent? For(Func<CachedObject, bool>? filter)
    {
        var before = previous is not null && (filter is null || filter(previous));
        var now = current is not null && (filter is null || filter(current));
        return (before, now) switch
        {
            (false, true) => new(WatchCacheEventType.Added, current!, previous, revision),
            (true, true) => new(WatchCacheEventType.Modified, current!, previous, revision),
            (true, false) => new(WatchCacheEventType.Deleted, Last(), previous, revision),
            (false, false) => null,
        };
    }

    /// <summary>The state before, stamped with this revision; made when the first watcher needs it. Two that race make equals.</summary>
    private CachedObject Last() => _last ??= decoder.Stamp(previous!, revision);
}
