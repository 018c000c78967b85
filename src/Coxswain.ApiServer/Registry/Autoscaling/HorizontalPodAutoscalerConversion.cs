using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using V1 = Coxswain.Api.Autoscaling.V1;

namespace Coxswain.ApiServer.Registry.Autoscaling;

/// <summary>Autoscalers of version 1 know one metric, the CPU; what else version 2 says travels in annotations.</summary>
internal sealed class HorizontalPodAutoscalerConversion : IConversion
{
    private const string MetricsKey = "autoscaling.alpha.kubernetes.io/metrics";
    private const string CurrentMetricsKey = "autoscaling.alpha.kubernetes.io/current-metrics";
    private const string ConditionsKey = "autoscaling.alpha.kubernetes.io/conditions";
    private const string BehaviorKey = "autoscaling.alpha.kubernetes.io/behavior";

    private static readonly ObjectCodec Codec = CodecTable.Find(HorizontalPodAutoscaler.ResourceKind)!;

    public ApiList<string> ServedAnnotations => [MetricsKey, CurrentMetricsKey, ConditionsKey, BehaviorKey];

    public ResourceDescriptor Storage => HorizontalPodAutoscaler.Descriptor;

    public IMetadataObject ToStorage(IMetadataObject o)
    {
        var one = (V1.HorizontalPodAutoscaler)o;
        var annotations = one.Metadata.Annotations;
        var extra = Read(annotations);
        var metrics = extra.Spec.Metrics;
        if (one.Spec.TargetCPUUtilizationPercentage is { } percent)
            metrics =
            [
                new MetricSpec
                {
                    Type = "Resource",
                    Resource = new ResourceMetricSource
                    {
                        Name = "cpu",
                        Target = new MetricTarget { Type = "Utilization", AverageUtilization = percent },
                    },
                },
                .. metrics,
            ];
        var target = one.Spec.ScaleTargetRef;
        return new HorizontalPodAutoscaler
        {
            Metadata = one.Metadata with
            {
                Annotations = annotations.Without(MetricsKey).Without(CurrentMetricsKey).Without(ConditionsKey).Without(BehaviorKey),
            },
            Spec = new HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new CrossVersionObjectReference { Kind = target.Kind, Name = target.Name, ApiVersion = target.ApiVersion },
                MinReplicas = one.Spec.MinReplicas,
                MaxReplicas = one.Spec.MaxReplicas,
                Metrics = metrics,
                Behavior = extra.Spec.Behavior,
            },
            Status = new HorizontalPodAutoscalerStatus
            {
                ObservedGeneration = one.Status.ObservedGeneration,
                LastScaleTime = one.Status.LastScaleTime,
                CurrentReplicas = one.Status.CurrentReplicas,
                DesiredReplicas = one.Status.DesiredReplicas,
                CurrentMetrics = CurrentMetrics(one.Status.CurrentCPUUtilizationPercentage, extra.Status.CurrentMetrics),
                Conditions = extra.Status.Conditions,
            },
        };
    }

    public IMetadataObject FromStorage(IMetadataObject o)
    {
        var two = (HorizontalPodAutoscaler)o;
        int? targetCpu = null, currentCpu = null;
        var others = new List<MetricSpec>();
        foreach (var metric in two.Spec.Metrics)
            if (targetCpu is null && metric is { Type: "Resource", Resource: { Name: "cpu", Target.AverageUtilization: { } percent } })
                targetCpu = percent;
            else
                others.Add(metric);
        foreach (var metric in two.Status.CurrentMetrics)
            if (metric is { Type: "Resource", Resource: { Name: "cpu", Current.AverageUtilization: { } percent } })
                currentCpu = percent;

        var target = two.Spec.ScaleTargetRef;
        return new V1.HorizontalPodAutoscaler
        {
            Metadata = two.Metadata with { Annotations = Write(two, others) },
            Spec = new V1.HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new V1.CrossVersionObjectReference { Kind = target.Kind, Name = target.Name, ApiVersion = target.ApiVersion },
                MinReplicas = two.Spec.MinReplicas,
                MaxReplicas = two.Spec.MaxReplicas,
                TargetCPUUtilizationPercentage = targetCpu,
            },
            Status = new V1.HorizontalPodAutoscalerStatus
            {
                ObservedGeneration = two.Status.ObservedGeneration,
                LastScaleTime = two.Status.LastScaleTime,
                CurrentReplicas = two.Status.CurrentReplicas,
                DesiredReplicas = two.Status.DesiredReplicas,
                CurrentCPUUtilizationPercentage = currentCpu,
            },
        };
    }

    /// <summary>The metrics with the CPU's utilization as version 1's own field has it.</summary>
    private static ApiList<MetricStatus> CurrentMetrics(int? cpu, ApiList<MetricStatus> others)
    {
        if (cpu is null)
            return others;
        for (var i = 0; i < others.Count; i++)
            if (others[i] is { Type: "Resource", Resource: { Name: "cpu", Current.AverageUtilization: not null } resource })
                return others.SetItem(i, others[i] with { Resource = resource with { Current = resource.Current with { AverageUtilization = cpu } } });
        return
        [
            new MetricStatus
            {
                Type = "Resource",
                Resource = new ResourceMetricStatus { Name = "cpu", Current = new MetricValueStatus { AverageUtilization = cpu } },
            },
            .. others,
        ];
    }

    private static ApiMap<string> Write(HorizontalPodAutoscaler two, List<MetricSpec> others)
    {
        var annotations = two.Metadata.Annotations;
        if (others.Count == 0 && two.Status.CurrentMetrics.Count == 0 && two.Status.Conditions.Count == 0 && two.Spec.Behavior is null)
            return annotations;
        var whole = JsonNode.Parse(Codec.ToJson(two with { Spec = two.Spec with { Metrics = others.ToApiList() } }))!;
        if (others.Count > 0)
            annotations = annotations.With(MetricsKey, MetricForms.ToOne(whole["spec"]!["metrics"]!.AsArray()).ToJsonString());
        if (two.Status.CurrentMetrics.Count > 0)
            annotations = annotations.With(CurrentMetricsKey, MetricForms.StatusToOne(whole["status"]!["currentMetrics"]!.AsArray()).ToJsonString());
        if (two.Status.Conditions.Count > 0)
            annotations = annotations.With(ConditionsKey, whole["status"]!["conditions"]!.ToJsonString());
        if (two.Spec.Behavior is not null)
            annotations = annotations.With(BehaviorKey, whole["spec"]!["behavior"]!.ToJsonString());
        return annotations;
    }

    /// <summary>What the annotations say; nothing where they cannot be read, as upstream does.</summary>
    private static HorizontalPodAutoscaler Read(ApiMap<string> annotations)
    {
        var (spec, status) = (new JsonObject(), new JsonObject());
        if (Parse(annotations, MetricsKey) is JsonArray metrics)
            spec["metrics"] = MetricForms.ToTwo(metrics);
        if (Parse(annotations, BehaviorKey) is JsonObject behavior)
            spec["behavior"] = behavior;
        if (Parse(annotations, CurrentMetricsKey) is JsonArray current)
            status["currentMetrics"] = MetricForms.StatusToTwo(current);
        if (Parse(annotations, ConditionsKey) is JsonArray conditions)
            status["conditions"] = conditions;
        if (spec.Count == 0 && status.Count == 0)
            return HorizontalPodAutoscaler.Empty;
        try
        {
            var text = new JsonObject { ["spec"] = spec, ["status"] = status }.ToJsonString();
            return (HorizontalPodAutoscaler)Codec.ReadJson(System.Text.Encoding.UTF8.GetBytes(text), null);
        }
        catch (DecodeException)
        {
            return HorizontalPodAutoscaler.Empty;
        }
    }

    private static JsonNode? Parse(ApiMap<string> annotations, string key)
    {
        if (!annotations.TryGetValue(key, out var text))
            return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
