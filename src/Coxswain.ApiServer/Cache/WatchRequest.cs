using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

/// <summary>What a watcher wants of a <see cref="WatchCache"/>.</summary>
internal sealed record WatchRequest
{
    /// <summary>The kind's prefix, or one namespace of it.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>Only changes after this revision. Null: begin with the present state as added objects.</summary>
    public long? After { get; init; }

    /// <summary>Which objects the watcher sees; changes into and out of the selection become additions and deletions.</summary>
    public Func<CachedObject, bool>? Filter { get; init; }

    /// <summary>Send bookmarks from time to time.</summary>
    public bool Bookmarks { get; init; }

    /// <summary>End the initial objects with a bookmark that says so (sendInitialEvents).</summary>
    public bool InitialEventsEnd { get; init; }
}

/// <summary>The bounds of a <see cref="WatchCache"/>.</summary>
internal sealed record WatchCacheOptions
{
    /// <summary>How many past changes are kept for watches and continued lists.</summary>
    public int HistoryCount { get; init; } = 16_384;

    /// <summary>How many bytes the past changes may hold, by estimate.</summary>
    public long HistoryBytes { get; init; } = 8 << 20;

    /// <summary>Objects of so many bytes of JSON stay decoded, if nobody in this process holds them all anyway.</summary>
    public long DecodedBytes { get; init; } = 1 << 20;

    /// <summary>Changes older than this are not kept.</summary>
    public TimeSpan HistoryAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many events may wait for one watcher before it is closed as too slow.</summary>
    public int WatcherCapacity { get; init; } = 4096;

    /// <summary>How long a consistent read waits for changes that the store has.</summary>
    public TimeSpan CatchUpPatience { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>A watch asked for changes that are no longer known.</summary>
internal sealed class ExpiredException(long asked, long oldest)
    : Exception($"too old resource version: {asked} ({oldest})")
{
    public long Asked { get; } = asked;

    public long Oldest { get; } = oldest;
}

/// <summary>All objects of a kind at one revision. Immutable; costs nothing to keep.</summary>
internal sealed class CacheSnapshot(SortedTree<CachedObject> objects, long revision)
{
    public long Revision => revision;

    public int Count => objects.Count;

    public CachedObject? Find(string key) => objects.Find(key);

    public int CountOf(string prefix) => objects.CountRange(StoreRange.Prefix(prefix));

    /// <summary>How many keys with a prefix come after one.</summary>
    public int CountAfter(string prefix, string after) =>
        objects.CountRange(StoreRange.Prefix(prefix) with { Start = string.CompareOrdinal(after, prefix) < 0 ? prefix : after + "\0" });

    /// <summary>Objects whose key has a prefix, in key order.</summary>
    /// <param name="after">Only keys after this one.</param>
    public IEnumerable<CachedObject> Range(string prefix, string? after = null) => objects.Range(StoreRange.Prefix(prefix), after);
}
