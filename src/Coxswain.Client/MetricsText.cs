using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Coxswain.Client;

/// <summary>Gathers what the meter <see cref="WorkQueueMetrics.MeterName"/> measures, from the first use of this class on, and writes it in Prometheus'
/// text form.</summary>
/// <remarks>Safe for concurrent use. Memory is bounded by the number of instruments and of their different tags.</remarks>
public static class MetricsText
{
    /// <summary>Upstream's for work queues: from 10 ns to 1,000 s.</summary>
    private static readonly double[] Bounds = [.. Enumerable.Range(-8, 12).Select(exponent => Math.Pow(10, exponent))];

    private static readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Cell> Cells = new();
    private static readonly ConcurrentDictionary<(string Key, string Value), string> Labels = new();
    private static readonly MeterListener Listener = Listen();

    /// <summary>Begins to gather; measures from before are lost.</summary>
    public static void Start() => GC.KeepAlive(Listener);

    public static void Write(StringBuilder text)
    {
        foreach (var cell in Cells.Where(c => c.Key.Instrument.IsObservable))
            cell.Value.Reset();
        Listener.RecordObservableInstruments();
        foreach (var group in Cells.GroupBy(c => c.Key.Instrument.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var isHistogram = IsHistogram(group.First().Key.Instrument);
            text.Append("# TYPE ").Append(group.Key).Append(isHistogram ? " histogram\n" : group.First().Key.Instrument.IsObservable ? " gauge\n" : " counter\n");
            foreach (var ((_, labels), cell) in group.OrderBy(c => c.Key.Labels, StringComparer.Ordinal))
            {
                if (isHistogram)
                    cell.WriteHistogram(text, group.Key, labels);
                else
                    cell.WriteValue(text, group.Key, labels);
            }
        }
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == WorkQueueMetrics.MeterName)
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        return listener;
    }

    private static void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Cells.GetOrAdd((instrument, LabelsOf(tags)), static key => new(IsHistogram(key.Instrument))).Add(value);

    private static bool IsHistogram(Instrument instrument) => instrument is Histogram<double> or Histogram<long>;

    // One tag is the rule, and its text is always the same.
    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
            return "";
        if (tags is [{ Value: string only } one])
            return Labels.GetOrAdd((one.Key, only), static tag => Label(tag.Key, tag.Value));
        var all = new StringBuilder();
        foreach (var (key, value) in tags)
            all.Append(all.Length > 0 ? "," : "").Append(Label(key, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
        return all.ToString();
    }

    private static string Label(string key, string value) =>
        $"{key}=\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    private sealed class Cell(bool isHistogram)
    {
        private readonly Lock _gate = new();
        private readonly long[] _buckets = isHistogram ? new long[Bounds.Length] : [];
        private double _sum;
        private long _count;

        public void Add(double value)
        {
            lock (_gate)
            {
                _sum += value;
                _count++;
                for (var i = 0; i < _buckets.Length; i++)
                {
                    if (value <= Bounds[i])
                        _buckets[i]++;
                }
            }
        }

        public void Reset()
        {
            lock (_gate)
                (_sum, _count) = (0, 0);
        }

        public void WriteValue(StringBuilder text, string name, string labels)
        {
            lock (_gate)
                Line(text, name, labels, _sum);
        }

        public void WriteHistogram(StringBuilder text, string name, string labels)
        {
            lock (_gate)
            {
                var prefix = labels.Length == 0 ? "" : labels + ",";
                for (var i = 0; i < _buckets.Length; i++)
                    Line(text, name + "_bucket", $"{prefix}le=\"{Bounds[i].ToString("R", CultureInfo.InvariantCulture)}\"", _buckets[i]);
                Line(text, name + "_bucket", prefix + "le=\"+Inf\"", _count);
                Line(text, name + "_sum", labels, _sum);
                Line(text, name + "_count", labels, _count);
            }
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
                text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }
    }
}
