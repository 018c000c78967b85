using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Coxswain.ApiServer.Encryption;

/// <summary>How often values were transformed, how long it took, and how often the configuration was read. Upstream's names.</summary>
internal sealed class TransformationMetrics(TimeProvider clock)
{
    private const int Buckets = 25;
    private const double FirstBound = 5e-6;

    private readonly ConcurrentDictionary<(string Type, string Prefix), Series> _series = new();
    private long _reloads;
    private long _failedReloads;
    private long _lastReload;

    private sealed class Series
    {
        public readonly long[] Counts = new long[Buckets + 1];
        public long Failures;
        public long Ticks;
    }

    public long Start() => clock.GetTimestamp();

    public void Record(string type, string prefix, long start, bool failed)
    {
        var series = _series.GetOrAdd((type, prefix), static _ => new());
        if (failed)
        {
            Interlocked.Increment(ref series.Failures);
            return;
        }

        var elapsed = clock.GetElapsedTime(start);
        var bucket = 0;
        for (var bound = FirstBound; bucket < Buckets && elapsed.TotalSeconds > bound; bound *= 2)
            bucket++;
        Interlocked.Increment(ref series.Counts[bucket]);
        Interlocked.Add(ref series.Ticks, elapsed.Ticks);
    }

    public void Reloaded(bool failed)
    {
        Interlocked.Increment(ref failed ? ref _failedReloads : ref _reloads);
        Volatile.Write(ref _lastReload, clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    public void Write(StringBuilder text)
    {
        if (!_series.IsEmpty)
            WriteSeries(text);
        if (Volatile.Read(ref _lastReload) is not (> 0 and var last))
            return;
        text.Append("# HELP apiserver_encryption_config_controller_automatic_reloads_total How often the changed encryption configuration was read.\n")
            .Append("# TYPE apiserver_encryption_config_controller_automatic_reloads_total counter\n")
            .Append(CultureInfo.InvariantCulture, $"apiserver_encryption_config_controller_automatic_reloads_total{{status=\"success\"}} {Volatile.Read(ref _reloads)}\n")
            .Append(CultureInfo.InvariantCulture, $"apiserver_encryption_config_controller_automatic_reloads_total{{status=\"failure\"}} {Volatile.Read(ref _failedReloads)}\n")
            .Append("# HELP apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds When that was last done.\n")
            .Append("# TYPE apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds gauge\n")
            .Append(CultureInfo.InvariantCulture, $"apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds {last / 1000.0}\n");
    }

    private void WriteSeries(StringBuilder text)
    {
        text.Append("# HELP apiserver_storage_transformation_operations_total Transformations of stored values.\n# TYPE apiserver_storage_transformation_operations_total counter\n");
        foreach (var ((type, prefix), series) in _series)
        {
            text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_operations_total{{status=\"OK\",{Labels(type, prefix)}}} {series.Counts.Sum()}\n");
            if (Volatile.Read(ref series.Failures) is > 0 and var failures)
                text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_operations_total{{status=\"unknown-non-grpc\",{Labels(type, prefix)}}} {failures}\n");
        }

        text.Append("# HELP apiserver_storage_transformation_duration_seconds How long transformations took.\n# TYPE apiserver_storage_transformation_duration_seconds histogram\n");
        foreach (var ((type, prefix), series) in _series)
        {
            var (sum, bound) = (0L, FirstBound);
            for (var i = 0; i < Buckets; i++, bound *= 2)
            {
                sum += Volatile.Read(ref series.Counts[i]);
                text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_duration_seconds_bucket{{{Labels(type, prefix)},le=\"{bound:G6}\"}} {sum}\n");
            }

            sum += Volatile.Read(ref series.Counts[Buckets]);
            text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_duration_seconds_bucket{{{Labels(type, prefix)},le=\"+Inf\"}} {sum}\n")
                .Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_duration_seconds_sum{{{Labels(type, prefix)}}} {TimeSpan.FromTicks(Volatile.Read(ref series.Ticks)).TotalSeconds}\n")
                .Append(CultureInfo.InvariantCulture, $"apiserver_storage_transformation_duration_seconds_count{{{Labels(type, prefix)}}} {sum}\n");
        }
    }

    private static string Labels(string type, string prefix) =>
        $"transformation_type=\"{type}\",transformer_prefix=\"{prefix.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
