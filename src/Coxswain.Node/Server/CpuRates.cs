namespace Coxswain.Node.Server;

/// <summary>Makes a rate (nanoseconds per second) of counters that only grow, from one look to the next. Safe for concurrent use.</summary>
internal sealed class CpuRates
{
    private readonly Dictionary<string, (DateTimeOffset Time, ulong Value, ulong Rate)> _last = new(StringComparer.Ordinal);

    /// <summary>The rate since the last different sample; 0 at the first one.</summary>
    public ulong Next(string key, DateTimeOffset time, ulong value)
    {
        lock (_last)
        {
            if (!_last.TryGetValue(key, out var last) || value < last.Value)
            {
                _last[key] = (time, value, 0);
                return 0;
            }
            // The runtime gathers every few seconds: looking more often gives the same sample again.
            if (time <= last.Time)
                return last.Rate;
            var rate = (ulong)((value - last.Value) / (time - last.Time).TotalSeconds);
            _last[key] = (time, value, rate);
            return rate;
        }
    }

    /// <summary>Forgets what is gone.</summary>
    public void Keep(IReadOnlySet<string> keys)
    {
        lock (_last)
        {
            foreach (var gone in _last.Keys.Where(k => !keys.Contains(k)).ToArray())
                _last.Remove(gone);
        }
    }
}
