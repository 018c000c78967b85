namespace Coxswain.Testing;

/// <summary>A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, in order, on the caller's thread.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class FakeClock(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _jumped;
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers and delays wait for the clock; lets a test know that a delay has been reached.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _timers.Count;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
            return _now;
    }

    public override long GetTimestamp()
    {
        lock (_gate)
            return (_now - _jumped).Ticks;
    }

    /// <summary>Moves the time on; whatever falls due on the way sees the time at which it was due.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetUtcNow() + by;
        while (true)
        {
            FakeTimer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.Due <= end).MinBy(t => (t.Due, t.Order));
                if (next is null)
                {
                    _now = end > _now ? end : _now;
                    return;
                }
                _now = next.Due > _now ? next.Due : _now;
                _timers.Remove(next);
                next.Rearm();
            }
            next.Fire();
        }
    }

    /// <summary>Sets the time of day: somebody moved the clock. As with a real one, timers and timestamps do not notice.</summary>
    public void Jump(TimeSpan by)
    {
        lock (_gate)
        {
            (_now, _jumped) = (_now + by, _jumped + by);
            foreach (var timer in _timers)
                timer.Due += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class FakeTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        public DateTimeOffset Due { get; set; }
        public long Order { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (_disposed)
                    return false;
                clock._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    Schedule(dueTime);
            }
            return true;
        }

        public void Rearm()
        {
            if (_period > TimeSpan.Zero)
                Schedule(_period);
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
            {
                _disposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Schedule(TimeSpan after)
        {
            Due = clock._now + after;
            Order = clock._order++;
            clock._timers.Add(this);
        }
    }
}
