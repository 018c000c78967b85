using System.Globalization;
using System.Text;

namespace Coxswain.ApiServer.Datastore;

internal enum StoreOperation
{
    Get,
    List,
    Create,
    Update,
    Delete,
    Revision,
}

/// <summary>How long the store takes for what, and how often it fails: upstream's etcd metrics, of whichever store.</summary>
internal sealed class StoreMetrics(TimeProvider clock)
{
    private static readonly double[] Bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
    private static readonly string[] Names = ["get", "list", "create", "update", "delete", "getCurrentRevision"];

    private readonly Series[] _series = [.. Names.Select(_ => new Series())];
    private long _failed;

    /// <summary>Times an operation until it is disposed.</summary>
    public Measurement Measure(StoreOperation operation) => new(this, operation, clock.GetTimestamp());

    public void Failed() => Interlocked.Increment(ref _failed);

    public void Write(StringBuilder text)
    {
        text.Append("# HELP etcd_request_duration_seconds How long requests to the datastore took, by operation.\n# TYPE etcd_request_duration_seconds histogram\n");
        for (var i = 0; i < Names.Length; i++)
        {
            var series = _series[i];
            long cumulative = 0;
            for (var b = 0; b < Bounds.Length; b++)
            {
                cumulative += Volatile.Read(ref series.Buckets[b]);
                text.Append(CultureInfo.InvariantCulture, $"etcd_request_duration_seconds_bucket{{operation=\"{Names[i]}\",le=\"{Bounds[b]}\"}} {cumulative}\n");
            }

            var count = Volatile.Read(ref series.Count);
            text.Append(CultureInfo.InvariantCulture, $"etcd_request_duration_seconds_bucket{{operation=\"{Names[i]}\",le=\"+Inf\"}} {count}\n");
            text.Append(CultureInfo.InvariantCulture, $"etcd_request_duration_seconds_sum{{operation=\"{Names[i]}\"}} {TimeSpan.FromTicks(Volatile.Read(ref series.Ticks)).TotalSeconds}\n");
            text.Append(CultureInfo.InvariantCulture, $"etcd_request_duration_seconds_count{{operation=\"{Names[i]}\"}} {count}\n");
        }

        text.Append("# HELP etcd_requests_total Requests to the datastore, by operation.\n# TYPE etcd_requests_total counter\n");
        for (var i = 0; i < Names.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"etcd_requests_total{{operation=\"{Names[i]}\"}} {Volatile.Read(ref _series[i].Count)}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"# HELP etcd_request_errors_total Requests that failed, or were not made, because the datastore is out of reach.\n# TYPE etcd_request_errors_total counter\netcd_request_errors_total {Volatile.Read(ref _failed)}\n");
    }

    private void Record(StoreOperation operation, TimeSpan took)
    {
        var series = _series[(int)operation];
        Interlocked.Increment(ref series.Count);
        Interlocked.Add(ref series.Ticks, took.Ticks);
        var seconds = took.TotalSeconds;
        for (var i = 0; i < Bounds.Length; i++)
        {
            if (seconds > Bounds[i])
                continue;
            Interlocked.Increment(ref series.Buckets[i]);
            break;
        }
    }

    public readonly struct Measurement(StoreMetrics owner, StoreOperation operation, long started) : IDisposable
    {
        public void Dispose() => owner.Record(operation, owner.Elapsed(started));
    }

    private TimeSpan Elapsed(long started) => clock.GetElapsedTime(started);

    private sealed class Series
    {
        public readonly long[] Buckets = new long[Bounds.Length];
        public long Count;
        public long Ticks;
    }
}
