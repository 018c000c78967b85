namespace Coxswain.Storage.Etcd;

/// <summary>What the client of etcd has done so far. The numbers only grow. Thread-safe.</summary>
public sealed class EtcdMetrics
{
    private long _requests;
    private long _failures;
    private long _failovers;
    private long _watchResumes;
    private long _latencyTicks;

    /// <summary>Requests that were answered, whatever the answer.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Attempts that ended without an answer of etcd's.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>How often another member was chosen because the one in use failed.</summary>
    public long Failovers => Volatile.Read(ref _failovers);

    /// <summary>How often the watch was begun again after it was lost.</summary>
    public long WatchResumes => Volatile.Read(ref _watchResumes);

    /// <summary>The time that all answered requests took together.</summary>
    public TimeSpan Latency => new(Volatile.Read(ref _latencyTicks));

    internal void Answered(TimeSpan latency)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _latencyTicks, latency.Ticks);
    }

    internal void Failed() => Interlocked.Increment(ref _failures);

    internal void FailedOver() => Interlocked.Increment(ref _failovers);

    internal void WatchResumed() => Interlocked.Increment(ref _watchResumes);
}
