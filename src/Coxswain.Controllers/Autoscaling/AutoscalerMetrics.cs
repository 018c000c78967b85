using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Controllers;

/// <param name="Name">How the metric is named in reasons of scalings.</param>
internal sealed record MetricProposal(int Replicas, string Name, MetricStatus Status);

/// <param name="Reason">Of the condition and the event.</param>
internal sealed class MetricFailureException(string reason, string what, string message) : Exception($"failed to get {what}: {message}")
{
    public string Reason => reason;

    /// <summary>What went wrong, without which metric it was.</summary>
    public string Cause => message;
}

/// <summary>Turns one metric of an autoscaler into a number of replicas.</summary>
internal sealed class AutoscalerMetrics(MetricsReader reader, ReplicaCalculator calculator)
{
    /// <exception cref="MetricFailureException">No number follows from the metric now.</exception>
    public async Task<MetricProposal> ProposeAsync(MetricSpec spec, ScaleTarget target, Tolerance tolerance, CancellationToken cancellation)
    {
        var (reason, what) = spec.Type switch
        {
            MetricSourceType.Object => ("FailedGetObjectMetric", "object metric value"),
            MetricSourceType.Pods => ("FailedGetPodsMetric", "pods metric value"),
            MetricSourceType.Resource => ("FailedGetResourceMetric", $"{spec.Resource?.Name} resource metric value"),
            MetricSourceType.ContainerResource => ("FailedGetContainerResourceMetric", $"{spec.ContainerResource?.Name} container metric value"),
            MetricSourceType.External => ("FailedGetExternalMetric", $"{spec.External?.Metric.Name} external metric value"),
            _ => ("InvalidMetricSourceType", $"metric: unknown metric source type {GoText.Quote(spec.Type)}"),
        };
        try
        {
            return spec switch
            {
                { Type: MetricSourceType.Object, Object: { } o } => await ByObjectAsync(spec, o, target, tolerance, cancellation).ConfigureAwait(false),
                { Type: MetricSourceType.Pods, Pods: { } p } => await ByPodsAsync(spec, p, target, tolerance, cancellation).ConfigureAwait(false),
                { Type: MetricSourceType.Resource, Resource: { } r } =>
                    await ByResourceAsync(spec, r.Name, null, r.Target, target, tolerance, cancellation).ConfigureAwait(false),
                { Type: MetricSourceType.ContainerResource, ContainerResource: { } c } =>
                    await ByResourceAsync(spec, c.Name, c.Container, c.Target, target, tolerance, cancellation).ConfigureAwait(false),
                { Type: MetricSourceType.External, External: { } e } => await ByExternalAsync(spec, e, target, tolerance, cancellation).ConfigureAwait(false),
                _ => throw new MetricException($"unknown metric source type {GoText.Quote(spec.Type)}"),
            };
        }
        catch (MetricException error)
        {
            throw new MetricFailureException(reason, what, error.Message);
        }
    }

    private async Task<MetricProposal> ByResourceAsync(MetricSpec spec, string resource, string? container, MetricTarget wanted, ScaleTarget target,
        Tolerance tolerance, CancellationToken cancellation)
    {
        var value = wanted.AverageValue is not null;
        if (!value && wanted.AverageUtilization is null)
            throw new MetricException("invalid resource metric source: neither an average utilization nor an average value was set");
        try
        {
            Dictionary<string, PodMetric> metrics;
            try
            {
                metrics = await reader.ResourceAsync(resource, target.Namespace, target.SelectorText, container, cancellation).ConfigureAwait(false);
            }
            catch (MetricException error)
            {
                throw new MetricException($"unable to get metrics for resource {resource}: {error.Message}");
            }
            var proposal = value
                ? calculator.ByAverage(target.Spec, wanted.AverageValue!.Value.MilliValue, resource, target.Namespace, target.Selector, metrics, tolerance)
                : calculator.ByUtilization(target.Spec, wanted.AverageUtilization!.Value, resource, container, target.Namespace, target.Selector, metrics, tolerance);
            var current = new MetricValueStatus { AverageValue = Quantity.FromMilliValue(proposal.Average), AverageUtilization = proposal.Utilization };
            return new(proposal.Replicas, value ? $"{resource} resource" : $"{resource} resource utilization (percentage of request)", container is null
                ? new() { Type = spec.Type, Resource = new() { Name = resource, Current = current } }
                : new() { Type = spec.Type, ContainerResource = new() { Name = resource, Container = container, Current = current } });
        }
        catch (MetricException error)
        {
            throw new MetricException($"failed to get {resource} {(value ? "usage" : "utilization")}: {error.Message}");
        }
    }

    private async Task<MetricProposal> ByPodsAsync(MetricSpec spec, PodsMetricSource source, ScaleTarget target, Tolerance tolerance, CancellationToken cancellation)
    {
        var metrics = await GetAsync($"unable to get metric {source.Metric.Name}", () => reader.PodsAsync(source.Metric, target.Namespace, target.SelectorText, cancellation))
            .ConfigureAwait(false);
        var proposal = calculator.ByAverage(target.Spec, Milli(source.Target.AverageValue), "", target.Namespace, target.Selector, metrics, tolerance);
        return new(proposal.Replicas, $"pods metric {source.Metric.Name}", new()
        {
            Type = spec.Type,
            Pods = new() { Metric = source.Metric, Current = new() { AverageValue = Quantity.FromMilliValue(proposal.Average) } },
        });
    }

    private async Task<MetricProposal> ByObjectAsync(MetricSpec spec, ObjectMetricSource source, ScaleTarget target, Tolerance tolerance, CancellationToken cancellation)
    {
        var described = source.DescribedObject;
        var (resource, namespaced) = target.ResourceOf(described);
        var name = new NamespacedName(namespaced ? target.Namespace : "", described.Name);
        var usage = await GetAsync($"unable to get metric {source.Metric.Name}: {described.Kind} on {target.Namespace} {described.Name}",
            () => reader.ObjectAsync(source.Metric, resource, name, cancellation)).ConfigureAwait(false);
        if (source.Target.Type == MetricTargetType.AverageValue && source.Target.AverageValue is { } part)
        {
            var (replicas, average) = ReplicaCalculator.ByPart(target.Status, usage, part.MilliValue, tolerance);
            return new(replicas, $"external metric {source.Metric.Name}({Describe(source.Metric.Selector)})",
                Status(new() { AverageValue = Quantity.FromMilliValue(average) }));
        }
        if (source.Target.Value is not { } whole)
            throw new MetricException("invalid object metric source: neither a value target nor an average value target was set");
        return new(calculator.ByValue(target.Spec, usage, whole.MilliValue, target.Namespace, target.Selector, tolerance), $"{described.Kind} metric {source.Metric.Name}",
            Status(new() { Value = Quantity.FromMilliValue(usage) }));

        MetricStatus Status(MetricValueStatus current) => new() { Type = spec.Type, Object = new() { DescribedObject = described, Metric = source.Metric, Current = current } };
    }

    private async Task<MetricProposal> ByExternalAsync(MetricSpec spec, ExternalMetricSource source, ScaleTarget target, Tolerance tolerance, CancellationToken cancellation)
    {
        var usage = await GetAsync($"unable to get external metric {target.Namespace}/{source.Metric.Name}/{Describe(source.Metric.Selector)}",
            () => reader.ExternalAsync(source.Metric, target.Namespace, cancellation)).ConfigureAwait(false);
        var name = $"external metric {source.Metric.Name}({Describe(source.Metric.Selector)})";
        if (source.Target.AverageValue is { } part)
        {
            var (replicas, average) = ReplicaCalculator.ByPart(target.Status, usage, part.MilliValue, tolerance);
            return new(replicas, name, Status(new() { AverageValue = Quantity.FromMilliValue(average) }));
        }
        if (source.Target.Value is not { } whole)
            throw new MetricException("invalid external metric source: neither a value target nor an average value target was set");
        return new(calculator.ByValue(target.Spec, usage, whole.MilliValue, target.Namespace, target.Selector, tolerance), name,
            Status(new() { Value = Quantity.FromMilliValue(usage) }));

        MetricStatus Status(MetricValueStatus current) => new() { Type = spec.Type, External = new() { Metric = source.Metric, Current = current } };
    }

    private static async Task<T> GetAsync<T>(string context, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (MetricException error)
        {
            throw new MetricException($"{context}: {error.Message}");
        }
    }

    private static long Milli(Quantity? target) => target is { } value ? value.MilliValue : throw new MetricException("invalid pods metric source: no average value was set");

    /// <summary>As upstream's messages show a selector.</summary>
    private static string Describe(LabelSelector? selector) => selector is null
        ? "nil"
        : $"&LabelSelector{{MatchLabels:map[string]string{{{string.Concat(selector.MatchLabels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}: {l.Value},"))}}},"
            + $"MatchExpressions:[]LabelSelectorRequirement{{{string.Concat(selector.MatchExpressions.Select(e => $"LabelSelectorRequirement{{Key:{e.Key},Operator:{e.Operator},Values:[{string.Join(' ', e.Values)}],}},"))}}},}}";
}
