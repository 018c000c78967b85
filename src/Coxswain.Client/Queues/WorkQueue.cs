using System.Diagnostics.CodeAnalysis;

namespace Coxswain.Client;

/// <summary>A queue of names in which a name stands at most once and is never handed to two workers at the same time.</summary>
/// <remarks>Safe for concurrent use. It holds each name once, however often it is added, so it is bounded by the number of different
/// names; a name that is added while a worker has it is handed out again when the worker is done.</remarks>
public class WorkQueue<TKey> : IDisposable where TKey : notnull
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(3650);

    private readonly Lock _gate = new();
    private readonly Queue<TKey> _ready = new();
    private readonly Dictionary<TKey, long> _dirty = [];          // waiting (or to be run again) since when
    private readonly Dictionary<TKey, long> _processing = [];     // with a worker since when
    private readonly Dictionary<TKey, int> _failures = [];
    // Delays are of the clock that only runs: one that is set back would make everybody wait for hours.
    private readonly Dictionary<TKey, long> _delayed = [];
    private readonly PriorityQueue<TKey, long> _delays = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly ITimer _timer;
    private readonly TimeProvider _clock;
    private readonly WorkQueueOptions _options;
    private readonly KeyValuePair<string, object?> _tag;
    private long? _timerDue;
    private bool _closed;

    public WorkQueue(string name, TimeProvider clock, WorkQueueOptions? options = null)
    {
        Name = name;
        _clock = clock;
        _options = options ?? WorkQueueOptions.Default;
        _tag = new("name", name);
        _timer = clock.CreateTimer(_ => ReleaseDelayed(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        WorkQueueMetrics.Register(this, name, () => Count, UnfinishedSeconds, LongestRunningSeconds);
    }

    public string Name { get; }

    /// <summary>How many names wait to be handed out now; those with a delay are not counted.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _ready.Count;
        }
    }

    /// <summary>Makes the name wait for a worker, if it does not already.</summary>
    public void Add(TKey key)
    {
        lock (_gate)
            AddLocked(key);
    }

    /// <summary>Adds the name after a delay. Of several delays of one name the earliest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }
        lock (_gate)
        {
            if (_closed)
                return;
            var due = _clock.GetTimestamp() + (long)Math.Ceiling(Math.Min(delay.TotalSeconds, LongestDelay.TotalSeconds) * _clock.TimestampFrequency);
            if (_delayed.TryGetValue(key, out var earlier) && earlier <= due)
                return;
            _delayed[key] = due;
            _delays.Enqueue(key, due);      // an older, later entry of this name stays behind and is skipped when it comes up
            Arm();
        }
    }

    /// <summary>Adds the name after its back-off, which doubles with each call until <see cref="Forget"/>.</summary>
    public void AddRateLimited(TKey key)
    {
        int failures;
        lock (_gate)
        {
            failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
        }
        WorkQueueMetrics.Retries.Add(1, _tag);
        AddAfter(key, _options.BackOff(failures));
    }

    /// <summary>How many times the name has failed since it was last forgotten.</summary>
    public int Failures(TKey key)
    {
        lock (_gate)
            return _failures.GetValueOrDefault(key);
    }

    /// <summary>Ends the name's back-off.</summary>
    public void Forget(TKey key)
    {
        lock (_gate)
            _failures.Remove(key);
    }

    /// <summary>Waits for a name. The caller must call <see cref="Done"/> when it has finished with it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; no name was taken.</exception>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _available.WaitAsync(cancellation).ConfigureAwait(false);
            if (TryTake(out var key))
                return key;
        }
    }

    /// <summary>Takes a name if one is ready; for tests and for draining.</summary>
    public bool TryTake([MaybeNullWhen(false)] out TKey key)
    {
        lock (_gate)
        {
            if (!_ready.TryDequeue(out key))
                return false;
            var now = _clock.GetTimestamp();
            _dirty.Remove(key, out var since);
            _processing[key] = now;
            WorkQueueMetrics.QueueDuration.Record(_clock.GetElapsedTime(since, now).TotalSeconds, _tag);
            return true;
        }
    }

    /// <summary>Says that a worker has finished with a name, which is handed out again if it was added meanwhile.</summary>
    public void Done(TKey key)
    {
        lock (_gate)
        {
            if (_processing.Remove(key, out var since))
                WorkQueueMetrics.WorkDuration.Record(_clock.GetElapsedTime(since).TotalSeconds, _tag);
            if (_dirty.ContainsKey(key))
                Ready(key);
        }
    }

    /// <summary>Stops the timer; later additions are ignored.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
        }
        _timer.Dispose();
        WorkQueueMetrics.Unregister(this);
        GC.SuppressFinalize(this);
    }

    private void AddLocked(TKey key)
    {
        if (_closed || !_dirty.TryAdd(key, _clock.GetTimestamp()))
            return;
        WorkQueueMetrics.Adds.Add(1, _tag);
        if (!_processing.ContainsKey(key))
            Ready(key);
    }

    private void Ready(TKey key)
    {
        _ready.Enqueue(key);
        _available.Release();
    }

    private void ReleaseDelayed()
    {
        lock (_gate)
        {
            var now = _clock.GetTimestamp();
            _timerDue = null;
            while (_delays.TryPeek(out var key, out var due) && due <= now)
            {
                _delays.Dequeue();
                if (_delayed.TryGetValue(key, out var wanted) && wanted == due)
                {
                    _delayed.Remove(key);
                    AddLocked(key);
                }
            }
            Arm();
        }
    }

    private void Arm()
    {
        if (_closed || !_delays.TryPeek(out _, out var due) || _timerDue <= due)
            return;
        _timerDue = due;
        var wait = TimeSpan.FromSeconds((due - _clock.GetTimestamp()) / (double)_clock.TimestampFrequency);
        // Rounded up: a timer counts whole milliseconds and must not come just too early.
        var milliseconds = Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, uint.MaxValue - 2);
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }

    private double UnfinishedSeconds()
    {
        lock (_gate)
            return _processing.Values.Sum(since => _clock.GetElapsedTime(since).TotalSeconds);
    }

    private double LongestRunningSeconds()
    {
        lock (_gate)
            return _processing.Count == 0 ? 0 : _processing.Values.Max(since => _clock.GetElapsedTime(since).TotalSeconds);
    }
}

/// <summary>The back-off of failed names.</summary>
public sealed record WorkQueueOptions
{
    public static WorkQueueOptions Default { get; } = new();

    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(5);
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(1000);

    internal TimeSpan BackOff(int failures) =>
        // 2^60 is far above any maximum and still a finite number of ticks.
        TimeSpan.FromMilliseconds(Math.Min(BaseDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 60)), MaxDelay.TotalMilliseconds));
}
