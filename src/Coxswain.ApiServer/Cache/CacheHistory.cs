using Coxswain.Storage;

namespace Coxswain.ApiServer.Cache;

/// <summary>The newest changes of one kind within bounds of count, size and age, and the state after each of them.</summary>
/// <remarks>Not safe for concurrent use: the cache's lock guards it.</remarks>
internal sealed class CacheHistory(WatchCacheOptions options, TimeProvider clock)
{
    // The event, its place in the ring, what a state keeps of the tree, and the object but for its bytes.
    private const int Overhead = 640;

    /// <summary>A state holds the nodes on the way to what changed, so only every so many are kept; those between are made of them.</summary>
    private const int StateInterval = 16;

    private Step[] _ring = new Step[16];
    private int _head;
    private int _sinceState;
    private SortedTree<CachedObject> _base = SortedTree<CachedObject>.Empty;

    /// <summary>All changes after this revision are kept.</summary>
    public long Start { get; private set; }

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Begins anew with a state.</summary>
    public void Reset(SortedTree<CachedObject> state, long revision)
    {
        (_ring, _head, _sinceState, Count, Bytes, _base, Start) = (new Step[16], 0, 0, 0, 0, state, revision);
    }

    public void Add(CacheChange change, SortedTree<CachedObject> state)
    {
        var now = clock.GetTimestamp();
        while (Count > 0 && (Count >= options.HistoryCount || clock.GetElapsedTime(_ring[_head].Time, now) > options.HistoryAge))
            DropOldest();
        if (Count == _ring.Length)
            Grow();
        var kept = ++_sinceState >= StateInterval;
        if (kept)
            _sinceState = 0;
        var step = new Step(change, kept ? state : null, now, Overhead + (change.Current ?? change.Previous)!.OwnBytes);
        _ring[(_head + Count++) % _ring.Length] = step;
        Bytes += step.Size;
        while (Bytes > options.HistoryBytes && Count > 1)
            DropOldest();
    }

    /// <summary>The changes after a revision, oldest first.</summary>
    public CacheChange[] After(long revision)
    {
        var first = FirstAfter(revision);
        var changes = new CacheChange[Count - first];
        for (var i = 0; i < changes.Length; i++)
            changes[i] = At(first + i).Change;
        return changes;
    }

    /// <summary>The state as of a revision; null if that is too long ago.</summary>
    public SortedTree<CachedObject>? StateAt(long revision)
    {
        if (revision < Start)
            return null;

        // Back to the next state that is kept, and from there on.
        var end = FirstAfter(revision);
        var next = end;
        var state = _base;
        while (next > 0)
        {
            if (At(next - 1).State is { } kept)
            {
                state = kept;
                break;
            }

            next--;
        }

        for (; next < end; next++)
            state = At(next).Change.ApplyTo(state);
        return state;
    }

    private Step At(int index) => _ring[(_head + index) % _ring.Length];

    private int FirstAfter(long revision)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).Change.Revision <= revision)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void DropOldest()
    {
        var oldest = _ring[_head];
        _ring[_head] = default;
        _head = (_head + 1) % _ring.Length;
        Count--;
        Bytes -= oldest.Size;
        (_base, Start) = (oldest.State ?? oldest.Change.ApplyTo(_base), oldest.Change.Revision);
    }

    private void Grow()
    {
        var grown = new Step[_ring.Length * 2];
        for (var i = 0; i < Count; i++)
            grown[i] = At(i);
        (_ring, _head) = (grown, 0);
    }

    private readonly record struct Step(CacheChange Change, SortedTree<CachedObject>? State, long Time, int Size);
}
