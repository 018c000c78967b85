using System.Diagnostics.Metrics;
using Coxswain.Scheduler.Queue;

namespace Coxswain.Scheduler;

/// <summary>Upstream's <c>scheduler_*</c> metrics, on the meter <see cref="MeterName"/>.</summary>
public sealed class SchedulerMetrics : IDisposable
{
    public const string MeterName = "Coxswain.Scheduler";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _attemptDuration;
    private readonly Histogram<double> _algorithmDuration;
    private readonly Histogram<long> _victims;
    private readonly Counter<long> _preemptions;

    internal SchedulerMetrics(SchedulingQueue queue)
    {
        _attempts = _meter.CreateCounter<long>("scheduler_schedule_attempts_total");
        _attemptDuration = _meter.CreateHistogram<double>("scheduler_scheduling_attempt_duration_seconds", "s");
        _algorithmDuration = _meter.CreateHistogram<double>("scheduler_scheduling_algorithm_duration_seconds", "s");
        _preemptions = _meter.CreateCounter<long>("scheduler_preemption_attempts_total");
        _victims = _meter.CreateHistogram<long>("scheduler_preemption_victims");
        _meter.CreateObservableGauge("scheduler_pending_pods", () =>
        {
            var counts = queue.Counts;
            return new[]
            {
                Pending("active", counts.Active), Pending("backoff", counts.BackOff), Pending("unschedulable", counts.Unschedulable), Pending("gated", counts.Gated),
            };

            static Measurement<int> Pending(string name, int count) => new(count, new KeyValuePair<string, object?>("queue", name));
        });
    }

    public void Dispose() => _meter.Dispose();

    /// <param name="result">scheduled, unschedulable or error.</param>
    internal void Attempted(string profile, string result, TimeSpan duration)
    {
        var tags = new KeyValuePair<string, object?>[] { new("profile", profile), new("result", result) };
        _attempts.Add(1, tags);
        _attemptDuration.Record(duration.TotalSeconds, tags);
    }

    internal void Decided(TimeSpan duration) => _algorithmDuration.Record(duration.TotalSeconds);

    internal void Preempted(int victims)
    {
        _preemptions.Add(1);
        _victims.Record(victims);
    }
}
