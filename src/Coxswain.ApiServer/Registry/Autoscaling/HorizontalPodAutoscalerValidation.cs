using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Validation;
using Coxswain.ApiServer.Registry.Core;

namespace Coxswain.ApiServer.Registry.Autoscaling;

/// <summary>Judges metrics and behaviour of autoscalers.</summary>
internal static class HorizontalPodAutoscalerValidation
{
    private const int MaxPeriodSeconds = 1800;
    private const int MaxStabilizationSeconds = 3600;
    private static readonly string[] Types = ["ContainerResource", "External", "Object", "Pods", "Resource"];

    public static void Metrics(ApiList<MetricSpec> metrics, FieldPath path, int? minReplicas, FieldErrors errors)
    {
        var fromZero = false;
        for (var i = 0; i < metrics.Count; i++)
        {
            Metric(metrics[i], path.Index(i), errors);
            fromZero |= metrics[i].Type is "Object" or "External";
        }

        if (minReplicas == 0 && !fromZero)
            errors.Forbidden(path, "must specify at least one Object or External metric to support scaling to zero replicas");
    }

    public static void Behavior(HorizontalPodAutoscalerBehavior behavior, FieldPath path, FieldErrors errors)
    {
        if (behavior.ScaleUp is not null)
            Rules(behavior.ScaleUp, path.Child("scaleUp"), errors);
        if (behavior.ScaleDown is not null)
            Rules(behavior.ScaleDown, path.Child("scaleDown"), errors);
    }

    private static void Rules(HPAScalingRules rules, FieldPath path, FieldErrors errors)
    {
        if (rules.StabilizationWindowSeconds is { } window)
        {
            if (window < 0)
                errors.Invalid(path.Child("stabilizationWindowSeconds"), window, "must be greater than or equal to zero");
            if (window > MaxStabilizationSeconds)
                errors.Invalid(path.Child("stabilizationWindowSeconds"), window, $"must be less than or equal to {MaxStabilizationSeconds}");
        }

        CommonRules.OptionalOneOf(rules.SelectPolicy, path.Child("selectPolicy"), errors, "Disabled", "Max", "Min");
        if (rules.Tolerance is { Sign: < 0 } tolerance)
            errors.Invalid(path.Child("tolerance"), tolerance.ToString(), CommonRules.NotNegative);
        if (rules.Policies.Count == 0)
            errors.Required(path.Child("policies"), "must specify at least one Policy");
        for (var i = 0; i < rules.Policies.Count; i++)
        {
            var (policy, at) = (rules.Policies[i], path.Child("policies").Index(i));
            if (policy.Type is not ("Pods" or "Percent"))
                errors.NotSupported(at.Child("type"), policy.Type, "Percent", "Pods");
            if (policy.Value <= 0)
                errors.Invalid(at.Child("value"), policy.Value, "must be greater than zero");
            if (policy.PeriodSeconds <= 0)
                errors.Invalid(at.Child("periodSeconds"), policy.PeriodSeconds, "must be greater than zero");
            if (policy.PeriodSeconds > MaxPeriodSeconds)
                errors.Invalid(at.Child("periodSeconds"), policy.PeriodSeconds, $"must be less than or equal to {MaxPeriodSeconds}");
        }
    }

    private static void Metric(MetricSpec metric, FieldPath path, FieldErrors errors)
    {
        if (metric.Type.Length == 0)
            errors.Required(path.Child("type"), "must specify a metric source type");
        if (!CommonRules.Contains(Types, metric.Type))
            errors.NotSupported(path.Child("type"), metric.Type, Types);
        var first = Source(metric, path, errors);
        var (expected, given) = metric.Type switch
        {
            "Object" => ("object", metric.Object is not null),
            "Pods" => ("pods", metric.Pods is not null),
            "Resource" => ("resource", metric.Resource is not null),
            "ContainerResource" => ("containerResource", metric.ContainerResource is not null),
            "External" => ("external", metric.External is not null),
            _ => ("", true),
        };
        if (!given)
            errors.Required(path.Child(expected), "must populate information for the given metric source");
        if (expected.Length == 0)
            errors.NotSupported(path.Child("type"), metric.Type, Types);
        foreach (var source in Sources(metric))
            if (source != expected && (source != first || Sources(metric).Count > 1))
                errors.Forbidden(path.Child(source), "must populate the given metric source only");
    }

    private static List<string> Sources(MetricSpec metric)
    {
        var names = new List<string>();
        foreach (var (source, name) in new (object?, string)[]
        {
            (metric.Object, "object"), (metric.External, "external"), (metric.Pods, "pods"),
            (metric.Resource, "resource"), (metric.ContainerResource, "containerResource"),
        })
            if (source is not null)
                names.Add(name);
        return names;
    }

    /// <summary>Judges the first source that is given, and names it; where there are more, those are refused as a whole.</summary>
    private static string? Source(MetricSpec metric, FieldPath path, FieldErrors errors)
    {
        if (metric.Object is { } described)
            Described(described, path.Child("object"), errors);
        else if (metric.External is { } external)
            External(external, path.Child("external"), errors);
        else if (metric.Pods is { } pods)
            Pods(pods, path.Child("pods"), errors);
        else if (metric.Resource is { } resource)
            Resource(resource.Name, resource.Target, path.Child("resource"), errors);
        else if (metric.ContainerResource is { } container)
            ContainerResource(container, path.Child("containerResource"), errors);
        return Sources(metric).FirstOrDefault();
    }

    private static void Described(ObjectMetricSource source, FieldPath path, FieldErrors errors)
    {
        HorizontalPodAutoscalerStrategy.Target(source.DescribedObject, path.Child("describedObject"), errors);
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (source.Target.Value is null && source.Target.AverageValue is null)
            errors.Required(path.Child("target").Child("averageValue"), "must set either a target value or averageValue");
    }

    private static void External(ExternalMetricSource source, FieldPath path, FieldErrors errors)
    {
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (source.Target.Value is null && source.Target.AverageValue is null)
            errors.Required(path.Child("target").Child("averageValue"), "must set either a target value for metric or a per-pod target");
        if (source.Target.Value is not null && source.Target.AverageValue is not null)
            errors.Forbidden(path.Child("target").Child("value"), "may not set both a target value for metric and a per-pod target");
    }

    private static void Pods(PodsMetricSource source, FieldPath path, FieldErrors errors)
    {
        Identifier(source.Metric, path.Child("metric"), errors);
        Target(source.Target, path.Child("target"), errors);
        if (source.Target.AverageValue is null)
            errors.Required(path.Child("target").Child("averageValue"), "must specify a positive target averageValue");
    }

    private static void ContainerResource(ContainerResourceMetricSource source, FieldPath path, FieldErrors errors)
    {
        if (source.Name.Length == 0)
            errors.Required(path.Child("name"), "must specify a resource name");
        else
            ResourceNames.ValidForContainer(source.Name, path.Child("name"), errors);
        if (source.Container.Length == 0)
            errors.Required(path.Child("container"), "must specify a container");
        else
            errors.Invalid(path.Child("container"), source.Container, ValidationRules.Dns1123Label(source.Container));
        ResourceTarget(source.Target, path.Child("target"), errors);
    }

    private static void Identifier(MetricIdentifier metric, FieldPath path, FieldErrors errors)
    {
        if (metric.Name.Length == 0)
            errors.Required(path.Child("name"), "must specify a metric name");
        else
            errors.Invalid(path.Child("name"), metric.Name, ValidationRules.PathSegmentName(metric.Name));
    }

    private static void Target(MetricTarget target, FieldPath path, FieldErrors errors)
    {
        if (target.Type.Length == 0)
            errors.Required(path.Child("type"), "must specify a metric target type");
        if (target.Type is not ("Utilization" or "Value" or "AverageValue"))
            errors.Invalid(path.Child("type"), target.Type, "must be either Utilization, Value, or AverageValue");
        if (target.Value is { Sign: not 1 } value)
            errors.Invalid(path.Child("value"), value, "must be positive");
        if (target.AverageValue is { Sign: not 1 } average)
            errors.Invalid(path.Child("averageValue"), average, "must be positive");
        if (target.AverageUtilization < 1)
            errors.Invalid(path.Child("averageUtilization"), target.AverageUtilization, "must be greater than 0");
    }

    private static void Resource(string name, MetricTarget target, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path.Child("name"), "must specify a resource name");
        ResourceTarget(target, path.Child("target"), errors);
    }

    private static void ResourceTarget(MetricTarget target, FieldPath path, FieldErrors errors)
    {
        Target(target, path, errors);
        if (target.AverageUtilization is null && target.AverageValue is null)
            errors.Required(path.Child("averageUtilization"), "must set either a target raw value or a target utilization");
        if (target.AverageUtilization is not null && target.AverageValue is not null)
            errors.Forbidden(path.Child("averageValue"), "may not set both a target raw value and a target utilization");
    }
}
