using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Coxswain.Client;

/// <summary>Upstream's <c>workqueue_*</c> metrics, on the meter <see cref="MeterName"/>; a queue's name is the tag <c>name</c>.</summary>
public static class WorkQueueMetrics
{
    public const string MeterName = "Coxswain.Client";

    private static readonly Meter Meter = new(MeterName);
    private static readonly ConcurrentDictionary<object, Probe> Queues = new(ReferenceEqualityComparer.Instance);

    internal static readonly Counter<long> Adds = Meter.CreateCounter<long>("workqueue_adds_total");
    internal static readonly Counter<long> Retries = Meter.CreateCounter<long>("workqueue_retries_total");
    internal static readonly Histogram<double> QueueDuration = Meter.CreateHistogram<double>("workqueue_queue_duration_seconds", "s");
    internal static readonly Histogram<double> WorkDuration = Meter.CreateHistogram<double>("workqueue_work_duration_seconds", "s");

    static WorkQueueMetrics()
    {
        Meter.CreateObservableGauge("workqueue_depth",
            () => Queues.Values.Select(q => new Measurement<long>(q.Depth(), new KeyValuePair<string, object?>("name", q.Name))));
        Meter.CreateObservableGauge("workqueue_unfinished_work_seconds",
            () => Queues.Values.Select(q => new Measurement<double>(q.Unfinished(), new KeyValuePair<string, object?>("name", q.Name))));
        Meter.CreateObservableGauge("workqueue_longest_running_processor_seconds",
            () => Queues.Values.Select(q => new Measurement<double>(q.Longest(), new KeyValuePair<string, object?>("name", q.Name))));
    }

    internal static void Register(object queue, string name, Func<int> depth, Func<double> unfinished, Func<double> longest) =>
        Queues[queue] = new(name, depth, unfinished, longest);

    internal static void Unregister(object queue) => Queues.TryRemove(queue, out _);

    private sealed record Probe(string Name, Func<int> Depth, Func<double> Unfinished, Func<double> Longest);
}
