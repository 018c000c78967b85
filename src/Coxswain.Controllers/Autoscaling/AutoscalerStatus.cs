using Coxswain.Api;
using Coxswain.Api.Autoscaling.V2;

namespace Coxswain.Controllers;

/// <summary>The status of an autoscaler as one pass builds it.</summary>
internal sealed class AutoscalerStatus(HorizontalPodAutoscaler hpa, DateTimeOffset now)
{
    public const string AbleToScale = "AbleToScale";
    public const string ScalingActive = "ScalingActive";
    public const string ScalingLimited = "ScalingLimited";

    private ApiList<HorizontalPodAutoscalerCondition> _conditions = hpa.Status.Conditions;
    private HorizontalPodAutoscalerStatus _status = hpa.Status;

    public HorizontalPodAutoscalerStatus Value => _status with { Conditions = _conditions };

    public void Set(string type, bool holds, string reason, string message)
    {
        var status = holds ? ConditionStatus.True : ConditionStatus.False;
        for (var i = 0; i < _conditions.Count; i++)
        {
            var current = _conditions[i];
            if (current.Type != type)
                continue;
            _conditions = _conditions.SetItem(i, current with
            {
                Status = status, Reason = reason, Message = message, LastTransitionTime = current.Status == status ? current.LastTransitionTime : now,
            });
            return;
        }
        _conditions = _conditions.Add(new() { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = now });
    }

    public void Sizes(int current, int desired, IEnumerable<MetricStatus> metrics, bool scaled) => _status = _status with
    {
        CurrentReplicas = current,
        DesiredReplicas = desired,
        CurrentMetrics = metrics.ToApiList() is { Count: > 0 } list ? list : default,
        LastScaleTime = scaled ? now : _status.LastScaleTime,
    };
}
