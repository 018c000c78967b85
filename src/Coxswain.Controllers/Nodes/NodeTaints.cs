using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>The taints that a node's conditions call for.</summary>
internal static class NodeTaints
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    private static readonly (string Condition, string Status, string Taint)[] ByCondition =
    [
        (NodeConditionType.Ready, ConditionStatus.False, NotReady),
        (NodeConditionType.Ready, ConditionStatus.Unknown, Unreachable),
        (NodeConditionType.MemoryPressure, ConditionStatus.True, "node.kubernetes.io/memory-pressure"),
        (NodeConditionType.DiskPressure, ConditionStatus.True, "node.kubernetes.io/disk-pressure"),
        (NodeConditionType.PIDPressure, ConditionStatus.True, "node.kubernetes.io/pid-pressure"),
        (NodeConditionType.NetworkUnavailable, ConditionStatus.True, "node.kubernetes.io/network-unavailable"),
    ];

    public static NodeCondition? Condition(ApiList<NodeCondition> conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Type == type)
                return condition;
        }
        return null;
    }

    /// <summary>The taints after what we decide is put right; taints of others stay as they are.</summary>
    /// <param name="evict">Whether pods may be driven from a node that is not ready.</param>
    public static ApiList<Taint> Wanted(Node node, bool evict, DateTimeOffset now)
    {
        var wanted = new List<(string Key, string Effect)>();
        foreach (var (type, status, taint) in ByCondition)
        {
            if (Condition(node.Status.Conditions, type)?.Status == status)
                wanted.Add((taint, TaintEffect.NoSchedule));
        }
        if (node.Spec.Unschedulable)
            wanted.Add((Unschedulable, TaintEffect.NoSchedule));
        var ready = Condition(node.Status.Conditions, NodeConditionType.Ready)?.Status;
        if (evict && ready == ConditionStatus.False)
            wanted.Add((NotReady, TaintEffect.NoExecute));
        if (evict && ready == ConditionStatus.Unknown)
            wanted.Add((Unreachable, TaintEffect.NoExecute));

        var result = node.Spec.Taints.Where(t => !IsOurs(t) || wanted.Remove((t.Key, t.Effect))).ToList();
        result.AddRange(wanted.Select(w => new Taint { Key = w.Key, Effect = w.Effect, TimeAdded = now }));
        return result.Count == node.Spec.Taints.Count && wanted.Count == 0 ? node.Spec.Taints : result.ToApiList();
    }

    private static bool IsOurs(Taint taint) => taint.Effect switch
    {
        TaintEffect.NoSchedule => taint.Key == Unschedulable || ByCondition.Any(c => c.Taint == taint.Key),
        TaintEffect.NoExecute => taint.Key is NotReady or Unreachable,
        _ => false,
    };
}
