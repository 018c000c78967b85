using System.Diagnostics.Metrics;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Upstream's metrics of single controllers, on the meter of the work queues.</summary>
internal static class ControllerMetrics
{
    private static readonly Meter Meter = new(WorkQueueMetrics.MeterName);

    public static readonly Histogram<double> AutoscalerReconciliation = Meter.CreateHistogram<double>("horizontal_pod_autoscaler_controller_reconciliation_duration_seconds", "s");
    public static readonly Counter<long> JobsFinished = Meter.CreateCounter<long>("job_controller_jobs_finished_total");
    public static readonly Counter<long> JobPodsFinished = Meter.CreateCounter<long>("job_controller_job_pods_finished_total");
    public static readonly Counter<long> EphemeralClaims = Meter.CreateCounter<long>("ephemeral_volume_controller_create_total");
    public static readonly Counter<long> EphemeralClaimFailures = Meter.CreateCounter<long>("ephemeral_volume_controller_create_failures_total");
    public static readonly Counter<long> PodsDeletedByCollector = Meter.CreateCounter<long>("pod_gc_collector_force_delete_pods_total");
    public static readonly Counter<long> PodEvictions = Meter.CreateCounter<long>("taint_eviction_controller_pod_deletions_total");
}
