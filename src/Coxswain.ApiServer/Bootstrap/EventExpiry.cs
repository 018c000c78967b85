using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>Deletes events that nobody has written to for their time to live.</summary>
/// <remarks>The store knows revisions and not times, so this notes from time to time which revision the store is at: whatever was
/// written before the note that is as old as the time to live, is too old. Events from before this process have no note; the times
/// within them tell their age.</remarks>
internal sealed class EventExpiry(RegistryTable registries, TimeSpan timeToLive, TimeProvider clock)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly Queue<(long Time, long Revision)> _notes = new();
    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private readonly long _startedAt = clock.GetTimestamp();
    private long _revisionAtStart = -1;

    /// <summary>How often to sweep: an event outlives its time by less than twice this.</summary>
    public TimeSpan Interval => TimeSpan.FromTicks(Math.Clamp(timeToLive.Ticks / 10, Shortest.Ticks, Longest.Ticks));

    public async Task SweepAsync(CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        var current = (await registries.Store.GetRevisionsAsync(cancellation)).Current;
        if (_revisionAtStart < 0)
            _revisionAtStart = current;
        _notes.Enqueue((now, current));
        long expired = -1;
        while (_notes.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.Time, now) >= timeToLive)
            expired = _notes.Dequeue().Revision;

        var registry = registries.For<Event>();
        var snapshot = await registry.ReadAsync(cancellation);
        // Counted on from the start: a clock that is set while the server runs makes nothing old.
        var before = _started + clock.GetElapsedTime(_startedAt, now) - timeToLive;
        foreach (var cached in snapshot.Range(registry.KeyPrefix))
            if (cached.Revision <= expired || (cached.Revision <= _revisionAtStart && LastChange((Event)cached.Object) is { } last && last < before))
                await registry.RemoveAsync(cached, cancellation);
    }

    /// <summary>The newest of the times in an event; null: it has none.</summary>
    private static DateTimeOffset? LastChange(Event value)
    {
        var newest = value.Metadata.CreationTimestamp;
        foreach (var entry in value.Metadata.ManagedFields)
            newest = Later(newest, entry.Time);
        return Later(Later(newest, value.LastTimestamp), Later(value.EventTime, value.Series?.LastObservedTime));
    }

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other ?? one : one;
}
