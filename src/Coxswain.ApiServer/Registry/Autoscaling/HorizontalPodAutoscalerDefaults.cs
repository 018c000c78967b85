using Coxswain.Api.Autoscaling.V2;

namespace Coxswain.ApiServer.Registry.Autoscaling;

/// <summary>Fills in what the behaviour of an autoscaler leaves out.</summary>
internal static class HorizontalPodAutoscalerDefaults
{
    private static readonly HPAScalingRules Up = new()
    {
        StabilizationWindowSeconds = 0,
        SelectPolicy = "Max",
        Policies =
        [
            new HPAScalingPolicy { Type = "Pods", Value = 4, PeriodSeconds = 15 },
            new HPAScalingPolicy { Type = "Percent", Value = 100, PeriodSeconds = 15 },
        ],
    };

    private static readonly HPAScalingRules Down = new()
    {
        SelectPolicy = "Max",
        Policies = [new HPAScalingPolicy { Type = "Percent", Value = 100, PeriodSeconds = 15 }],
    };

    public static HorizontalPodAutoscalerBehavior Behavior(HorizontalPodAutoscalerBehavior behavior) =>
        behavior with { ScaleUp = Merged(behavior.ScaleUp, Up), ScaleDown = Merged(behavior.ScaleDown, Down) };

    private static HPAScalingRules Merged(HPAScalingRules? rules, HPAScalingRules defaults) => rules is null ? defaults : rules with
    {
        StabilizationWindowSeconds = rules.StabilizationWindowSeconds ?? defaults.StabilizationWindowSeconds,
        SelectPolicy = rules.SelectPolicy ?? defaults.SelectPolicy,
        Policies = rules.Policies.Count == 0 ? defaults.Policies : rules.Policies,
    };
}
