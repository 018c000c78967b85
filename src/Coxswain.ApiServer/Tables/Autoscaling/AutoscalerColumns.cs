using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;

namespace Coxswain.ApiServer.Tables.Autoscaling;

internal static class AutoscalerColumns
{
    private const int MetricsShown = 2;

    public static TableColumns V1 { get; } = Columns<Api.Autoscaling.V1.HorizontalPodAutoscaler>(
        o => (o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name),
        o => o.Spec.TargetCPUUtilizationPercentage is { } target ? $"cpu: {Percent(o.Status.CurrentCPUUtilizationPercentage)}/{target}%" : TableText.None,
        o => o.Spec.MinReplicas, o => o.Spec.MaxReplicas, o => o.Status.CurrentReplicas);

    public static TableColumns V2 { get; } = Columns<HorizontalPodAutoscaler>(
        o => (o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name), Targets,
        o => o.Spec.MinReplicas, o => o.Spec.MaxReplicas, o => o.Status.CurrentReplicas);

    private static TableColumns Columns<T>(
        Func<T, (string Kind, string Name)> target, Func<T, string> metrics, Func<T, int?> min, Func<T, int> max, Func<T, int> current)
        where T : class, IMetadataObject => TableColumns.For<T>()
        .Name()
        .Add("Reference", o => $"{target(o).Kind}/{target(o).Name}", description: "What is scaled.")
        .Add("Targets", o => metrics(o), description: "Measured and wanted values.")
        .Add("MinPods", o => min(o)?.ToString() ?? TableText.Unset)
        .Add("MaxPods", o => max(o))
        .Add("Replicas", o => current(o))
        .Age()
        .Build();

    private static string Targets(HorizontalPodAutoscaler o)
    {
        if (o.Spec.Metrics.Count == 0)
            return TableText.None;

        var all = o.Spec.Metrics.Select((metric, i) => Target(metric, i < o.Status.CurrentMetrics.Count ? o.Status.CurrentMetrics[i] : null)).ToList();
        var shown = string.Join(", ", all.Take(MetricsShown));
        return all.Count > MetricsShown ? $"{shown} + {all.Count - MetricsShown} more..." : shown;
    }

    private static string Target(MetricSpec metric, MetricStatus? status) => metric switch
    {
        { Type: "External", External: { } source } => Amount(source.Target, status?.External?.Current),
        { Type: "Pods", Pods: { } source } => $"{Known(status?.Pods?.Current.AverageValue)}/{source.Target.AverageValue}",
        { Type: "Object", Object: { } source } => Amount(source.Target, status?.Object?.Current),
        { Type: "Resource", Resource: { } source } => $"{source.Name}: {Usage(source.Target, status?.Resource?.Current)}",
        { Type: "ContainerResource", ContainerResource: { } source } => $"{source.Name}: {Usage(source.Target, status?.ContainerResource?.Current)}",
        _ => "<unknown type>",
    };

    private static string Amount(MetricTarget target, MetricValueStatus? current) =>
        target.AverageValue is { } average ? $"{Known(current?.AverageValue)}/{average} (avg)" : $"{Known(current?.Value)}/{target.Value}";

    private static string Usage(MetricTarget target, MetricValueStatus? current) =>
        target.AverageValue is { } average
            ? $"{Known(current?.AverageValue)}/{average}"
            : $"{Percent(current?.AverageUtilization)}/{(target.AverageUtilization is { } wanted ? $"{wanted}%" : "<auto>")}";

    private static string Known(Quantity? value) => value?.ToString() ?? "<unknown>";

    private static string Percent(int? value) => value is { } percent ? $"{percent}%" : "<unknown>";
}
