using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Coxswain.ApiServer.Http;

namespace Coxswain.ApiServer.Metrics;

/// <summary>Counts requests and their durations under upstream's metric names.</summary>
internal sealed class RequestMetrics
{
    private static readonly double[] Bounds =
        [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly ConcurrentDictionary<Labels, Series> _series = new();

    private readonly record struct Labels(string Verb, string Group, string Version, string Resource, string Subresource, string Scope, int Code);

    private sealed class Series
    {
        public readonly long[] Buckets = new long[Bounds.Length];
        public long Count;
        public long Ticks;
    }

    public void Record(RequestInfo info, int code, TimeSpan duration)
    {
        var labels = info.IsResourceRequest
            ? new Labels(Verb(info), info.ApiGroup, info.ApiVersion, info.Resource, info.Subresource, Scope(info), code)
            : new Labels(info.Verb.ToUpperInvariant(), "", "", "", KnownPath(info.Path), "", code);
        // Paths and resources are the client's to choose; what is not served must not grow this table.
        if (code == 404 && info.IsResourceRequest)
            labels = labels with { Resource = "", Subresource = "", Group = "", Version = "" };
        var series = _series.GetOrAdd(labels, static _ => new());
        Interlocked.Increment(ref series.Count);
        Interlocked.Add(ref series.Ticks, duration.Ticks);
        var seconds = duration.TotalSeconds;
        for (var i = 0; i < Bounds.Length; i++)
        {
            if (seconds > Bounds[i])
                continue;
            Interlocked.Increment(ref series.Buckets[i]);
            break;
        }
    }

    public void Write(StringBuilder text)
    {
        text.Append("# HELP apiserver_request_total Requests by verb, resource and HTTP code.\n# TYPE apiserver_request_total counter\n");
        foreach (var (labels, series) in _series)
            text.Append("apiserver_request_total{code=\"").Append(labels.Code).Append("\",").Append(Text(labels)).Append("} ")
                .Append(Volatile.Read(ref series.Count)).Append('\n');
        text.Append("# HELP apiserver_request_duration_seconds How long requests took.\n# TYPE apiserver_request_duration_seconds histogram\n");
        foreach (var same in _series.GroupBy(s => s.Key with { Code = 0 }))
            WriteHistogram(text, Text(same.Key), [.. same.Select(s => s.Value)]);
    }

    private static void WriteHistogram(StringBuilder text, string labels, List<Series> series)
    {
        long cumulative = 0;
        for (var i = 0; i < Bounds.Length; i++)
        {
            cumulative += series.Sum(s => Volatile.Read(ref s.Buckets[i]));
            text.Append("apiserver_request_duration_seconds_bucket{").Append(labels).Append(",le=\"")
                .Append(Bounds[i].ToString(CultureInfo.InvariantCulture)).Append("\"} ").Append(cumulative).Append('\n');
        }

        var count = series.Sum(s => Volatile.Read(ref s.Count));
        var seconds = TimeSpan.FromTicks(series.Sum(s => Volatile.Read(ref s.Ticks))).TotalSeconds;
        text.Append("apiserver_request_duration_seconds_bucket{").Append(labels).Append(",le=\"+Inf\"} ").Append(count).Append('\n');
        text.Append("apiserver_request_duration_seconds_sum{").Append(labels).Append("} ").Append(seconds.ToString(CultureInfo.InvariantCulture)).Append('\n');
        text.Append("apiserver_request_duration_seconds_count{").Append(labels).Append("} ").Append(count).Append('\n');
    }

    private static string Text(Labels labels) =>
        $"component=\"apiserver\",dry_run=\"\",group=\"{labels.Group}\",resource=\"{labels.Resource}\",scope=\"{labels.Scope}\","
        + $"subresource=\"{labels.Subresource}\",verb=\"{labels.Verb}\",version=\"{labels.Version}\"";

    private static string Verb(RequestInfo info) => info.Verb switch
    {
        "get" => "GET",
        "list" => "LIST",
        "watch" => "WATCH",
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        "deletecollection" => "DELETECOLLECTION",
        "" => "other",
        var other => other.ToUpperInvariant(),
    };

    private static string Scope(RequestInfo info) => info.Name.Length > 0 ? "resource" : info.Namespace.Length > 0 ? "namespace" : "cluster";

    private static string KnownPath(string path) => path switch
    {
        "/healthz" or "/livez" or "/readyz" or "/metrics" or "/version" or "/api" or "/apis" => path,
        _ when path.StartsWith("/openapi/", StringComparison.Ordinal) => "/openapi",
        _ when path.StartsWith("/apis/", StringComparison.Ordinal) => "/apis",
        _ => "",
    };
}
