using System.Collections.Concurrent;

namespace Coxswain.Node.Pods;

/// <summary>Doubling waits per key, from <paramref name="initial"/> to <paramref name="max"/>. A key that was quiet for twice the longest
/// wait starts anew. Safe for concurrent use.</summary>
internal sealed class BackOff(TimeSpan initial, TimeSpan max, TimeProvider clock)
{
    private sealed record Entry(TimeSpan Duration, DateTimeOffset LastUpdate);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The wait that is in force for the key; zero before the first failure.</summary>
    public TimeSpan Get(string key) => _entries.TryGetValue(key, out var entry) ? entry.Duration : TimeSpan.Zero;

    /// <summary>How long the key must still wait after a failure at <paramref name="eventTime"/>.</summary>
    public TimeSpan Remaining(string key, DateTimeOffset eventTime)
    {
        if (!_entries.TryGetValue(key, out var entry) || HasExpired(eventTime, entry.LastUpdate))
            return TimeSpan.Zero;
        var remaining = eventTime + entry.Duration - clock.GetUtcNow();
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    /// <summary>How long the key must still wait after the failure that was counted last.</summary>
    public TimeSpan Remaining(string key) => _entries.TryGetValue(key, out var entry) ? Remaining(key, entry.LastUpdate) : TimeSpan.Zero;

    /// <summary>Counts one more failure of the key.</summary>
    public void Next(string key, DateTimeOffset eventTime) =>
        _entries.AddOrUpdate(
            key,
            static (_, s) => new(s.Initial, s.Now),
            (_, old, s) => HasExpired(s.EventTime, old.LastUpdate) ? new(s.Initial, s.Now) : new(Min(old.Duration * 2, max), s.Now),
            (Initial: initial, Now: clock.GetUtcNow(), EventTime: eventTime));

    public void Reset(string key) => _entries.TryRemove(key, out _);

    /// <summary>Forgets keys that nobody asked about for long, so that the table stays bounded by what fails now.</summary>
    public void Collect()
    {
        var now = clock.GetUtcNow();
        foreach (var (key, entry) in _entries)
        {
            if (now - entry.LastUpdate > max * 2)
                _entries.TryRemove(key, out _);
        }
    }

    // As upstream: two times the longest wait without a failure, and the slate is clean.
    private bool HasExpired(DateTimeOffset eventTime, DateTimeOffset lastUpdate) => eventTime - lastUpdate > max * 2;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
