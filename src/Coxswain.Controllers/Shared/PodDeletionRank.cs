using System.Globalization;
using System.Numerics;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>Which pods of a set go first when there are too many: upstream's order, from those that cost least to those that serve most.</summary>
internal static class PodDeletionRank
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    /// <param name="related">All pods that do the same work, these included: pods of sibling sets on the same node count as doubled.</param>
    public static IReadOnlyList<Pod> Choose(IReadOnlyList<Pod> pods, IEnumerable<Pod> related, int count, DateTimeOffset now)
    {
        if (count >= pods.Count)
            return pods;
        var onNode = related.Where(PodFacts.IsActive).GroupBy(p => p.Spec.NodeName).ToDictionary(g => g.Key, g => g.Count());
        var ranked = pods.ToArray();
        Array.Sort(ranked, (a, b) => Compare(a, b, onNode, now));
        return ranked[..count];
    }

    private static int Compare(Pod a, Pod b, Dictionary<string, int> onNode, DateTimeOffset now)
    {
        // Each line: false (or less) goes first.
        var order = (a.Spec.NodeName.Length > 0).CompareTo(b.Spec.NodeName.Length > 0);
        if (order == 0)
            order = PhaseOrder(a).CompareTo(PhaseOrder(b));
        if (order == 0)
            order = PodFacts.IsReady(a).CompareTo(PodFacts.IsReady(b));
        if (order == 0)
            order = Cost(a).CompareTo(Cost(b));
        if (order == 0)
            order = onNode.GetValueOrDefault(b.Spec.NodeName).CompareTo(onNode.GetValueOrDefault(a.Spec.NodeName));
        if (order == 0 && PodFacts.IsReady(a))
            order = CompareAge(ReadySince(a), ReadySince(b), now);
        if (order == 0)
            order = Restarts(b).CompareTo(Restarts(a));
        if (order == 0)
            order = CompareAge(a.Metadata.CreationTimestamp, b.Metadata.CreationTimestamp, now);
        return order != 0 ? order : string.CompareOrdinal(a.Metadata.Uid, b.Metadata.Uid);
    }

    private static int PhaseOrder(Pod pod) => pod.Status.Phase switch
    {
        PodPhase.Running => 2,
        PodPhase.Unknown => 1,
        _ => 0,
    };

    private static int Cost(Pod pod) =>
        int.TryParse(pod.Metadata.Annotations.GetValueOrDefault(DeletionCost), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : 0;

    private static int Restarts(Pod pod)
    {
        var most = 0;
        foreach (var status in pod.Status.ContainerStatuses)
            most = Math.Max(most, status.RestartCount);
        return most;
    }

    private static DateTimeOffset? ReadySince(Pod pod) => PodFacts.Condition(pod, PodConditionType.Ready)?.LastTransitionTime;

    /// <summary>Younger goes first, where ages count by their order of magnitude only.</summary>
    private static int CompareAge(DateTimeOffset? a, DateTimeOffset? b, DateTimeOffset now) =>
        a is null || b is null ? (a is not null).CompareTo(b is not null) : Magnitude(now - a.Value).CompareTo(Magnitude(now - b.Value));

    private static int Magnitude(TimeSpan age) => age.Ticks <= 0 ? 0 : BitOperations.Log2((ulong)age.Ticks) + 1;
}
