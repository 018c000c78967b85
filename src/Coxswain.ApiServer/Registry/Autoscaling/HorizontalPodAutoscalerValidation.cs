using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Validation;

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
        if (metric.Object is { } described)
        {
            HorizontalPodAutoscalerStrategy.Target(described.DescribedObject, path.Child("object").Child("describedObject"), errors);
            Identifier(described.Metric, path.Child("object").Child("metric"), errors);
            Target(described.Target, path.Child("object").Child("target"), errors);
            if (described.Target.Value is null && described.Target.AverageValue is null)
                errors.Required(path.Child("object").Child("target").Child("averageValue"), "must set either a target value or averageValue");
        }

        if (metric.External is { } external)
        {
            Identifier(external.Metric, path.Child("external").Child("metric"), errors);
            Target(external.Target, path.Child("external").Child("target"), errors);
            if (external.Target.Value is null && external.Target.AverageValue is null)
                errors.Required(path.Child("external").Child("target").Child("averageValue"), "must set either a target value for metric or a per-pod target");
            if (external.Target.Value is not null && external.Target.AverageValue is not null)
                errors.Forbidden(path.Child("external").Child("target").Child("value"), "may not set both a target value for metric and a per-pod target");
        }

        if (metric.Pods is { } pods)
        {
            Identifier(pods.Metric, path.Child("pods").Child("metric"), errors);
            Target(pods.Target, path.Child("pods").Child("target"), errors);
            if (pods.Target.AverageValue is not { Sign: > 0 })
                errors.Required(path.Child("pods").Child("target").Child("averageValue"), "must specify a positive target averageValue");
        }

        if (metric.Resource is { } resource)
            Resource(resource.Name, resource.Target, path.Child("resource"), errors);
        if (metric.ContainerResource is { } container)
        {
            Resource(container.Name, container.Target, path.Child("containerResource"), errors);
            if (container.Container.Length == 0)
                errors.Required(path.Child("containerResource").Child("container"), "must specify a container");
        }

        var expected = metric.Type switch
        {
            "Object" => (metric.Object as object, "object"),
            "Pods" => (metric.Pods, "pods"),
            "Resource" => (metric.Resource, "resource"),
            "ContainerResource" => (metric.ContainerResource, "containerResource"),
            "External" => (metric.External, "external"),
            _ => (metric, ""),
        };
        if (expected.Item1 is null)
            errors.Required(path.Child(expected.Item2), "must populate information for the given metric source");
        var count = 0;
        foreach (var source in new object?[] { metric.Object, metric.Pods, metric.Resource, metric.ContainerResource, metric.External })
            count += source is null ? 0 : 1;
        if (count > 1)
            errors.Forbidden(path, "must populate the given metric source only");
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
        Target(target, path.Child("target"), errors);
        if (target.AverageUtilization is null && target.AverageValue is null)
            errors.Required(path.Child("target").Child("averageUtilization"), "must set either a target raw value or a target utilization");
        if (target.AverageUtilization is not null && target.AverageValue is not null)
            errors.Forbidden(path.Child("target").Child("averageValue"), "may not set both a target raw value and a target utilization");
    }
}
