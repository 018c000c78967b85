namespace Coxswain.Scheduler.Preemption;

/// <summary>A node on which a pod would fit if others left.</summary>
/// <param name="Victims">Who would have to leave, the most important first.</param>
/// <param name="BudgetViolations">How many of them a disruption budget would rather keep.</param>
public sealed record PreemptionCandidate(NodeInfo Node, IReadOnlyList<PodInfo> Victims, int BudgetViolations)
{
    /// <summary>The candidate that does the least harm: fewest budgets broken, then the least important victims, then the fewest, then the youngest.</summary>
    public static PreemptionCandidate Pick(IReadOnlyList<PreemptionCandidate> candidates, DateTimeOffset now)
    {
        var left = candidates.Where(c => c.Victims.Count == 0).ToList();
        if (left.Count > 0)
            return left[0];
        left = [.. candidates];
        Least(c => c.BudgetViolations);
        Least(c => c.Victims[0].Priority);
        // Shifted so that many victims of low priority do not weigh less than one.
        Least(c => c.Victims.Sum(v => v.Priority + (long)int.MaxValue + 1));
        Least(c => c.Victims.Count);
        Least(c => -c.EarliestStart(now).UtcTicks);
        return left[0];

        void Least(Func<PreemptionCandidate, long> harm)
        {
            if (left.Count < 2)
                return;
            var least = left.Min(harm);
            left.RemoveAll(c => harm(c) > least);
        }
    }

    /// <summary>When the first of its most important victims began.</summary>
    private DateTimeOffset EarliestStart(DateTimeOffset now)
    {
        var highest = Victims.Max(v => v.Priority);
        return Victims.Where(v => v.Priority == highest).Min(v => v.Pod.Status.StartTime ?? now);
    }
}
