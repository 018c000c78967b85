using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;
using Coxswain.Api.Validation;

namespace Coxswain.ApiServer.Registry.Autoscaling;

/// <summary>The rules of horizontal pod autoscalers, in the form of version 2.</summary>
internal sealed class HorizontalPodAutoscalerStrategy : Strategy<HorizontalPodAutoscaler>
{
    private const int DefaultUtilization = 80;

    protected override HorizontalPodAutoscaler WithStatusOf(HorizontalPodAutoscaler o, HorizontalPodAutoscaler source) => o with { Status = source.Status };

    protected override HorizontalPodAutoscaler Default(HorizontalPodAutoscaler o)
    {
        var spec = o.Spec with { MinReplicas = o.Spec.MinReplicas ?? 1 };
        if (spec.Metrics.Count == 0)
            spec = spec with
            {
                Metrics =
                [
                    new MetricSpec
                    {
                        Type = "Resource",
                        Resource = new ResourceMetricSource
                        {
                            Name = "cpu",
                            Target = new MetricTarget { Type = "Utilization", AverageUtilization = DefaultUtilization },
                        },
                    },
                ],
            };
        if (spec.Behavior is { } behavior)
            spec = spec with { Behavior = HorizontalPodAutoscalerDefaults.Behavior(behavior) };
        return o with { Spec = spec };
    }

    protected override void ValidateObject(StrategyContext c, HorizontalPodAutoscaler o, FieldErrors errors) => Judge(o, 1, errors);

    private static void Judge(HorizontalPodAutoscaler o, int least, FieldErrors errors)
    {
        var (spec, path) = (o.Spec, Paths.Spec);
        if (spec.MinReplicas < least)
            errors.Invalid(path.Child("minReplicas"), spec.MinReplicas, $"must be greater than or equal to {least}");
        if (spec.MaxReplicas < 1)
            errors.Invalid(path.Child("maxReplicas"), spec.MaxReplicas, "must be greater than 0");
        if (spec.MinReplicas is { } min && spec.MaxReplicas < min)
            errors.Invalid(path.Child("maxReplicas"), spec.MaxReplicas, "must be greater than or equal to `minReplicas`");
        Target(spec.ScaleTargetRef, path.Child("scaleTargetRef"), errors);
        HorizontalPodAutoscalerValidation.Metrics(spec.Metrics, path.Child("metrics"), spec.MinReplicas, errors);
        if (spec.Behavior is { } behavior)
            HorizontalPodAutoscalerValidation.Behavior(behavior, path.Child("behavior"), errors);
    }

    protected override void ValidateUpdate(StrategyContext c, HorizontalPodAutoscaler updated, HorizontalPodAutoscaler old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        // What scales to zero already may stay so.
        Judge(updated, old.Spec.MinReplicas == 0 ? 0 : 1, errors);
    }

    protected override void ValidateStatus(StrategyContext c, HorizontalPodAutoscaler updated, HorizontalPodAutoscaler old, FieldErrors errors)
    {
        ValidateMetadataUpdate(updated, old, errors);
        CommonRules.NonNegative(updated.Status.CurrentReplicas, Paths.Status.Child("currentReplicas"), errors);
        CommonRules.NonNegative(updated.Status.DesiredReplicas, Paths.Status.Child("desiredReplicas"), errors);
    }

    public static void Target(CrossVersionObjectReference target, FieldPath path, FieldErrors errors)
    {
        if (target.Kind.Length == 0)
            errors.Required(path.Child("kind"));
        else
            errors.Invalid(path.Child("kind"), target.Kind, ValidationRules.PathSegmentName(target.Kind));
        if (target.Name.Length == 0)
            errors.Required(path.Child("name"));
        else
            errors.Invalid(path.Child("name"), target.Name, ValidationRules.PathSegmentName(target.Name));
        if (target.ApiVersion.Length > 0 && !GroupVersion.TryParse(target.ApiVersion, out _))
            errors.Invalid(path.Child("apiVersion"), target.ApiVersion, $"unexpected GroupVersion string: {target.ApiVersion}");
    }
}
