using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler.Preemption;

/// <summary>Looks for less important pods whose leaving would let a pod in that fits nowhere.</summary>
/// <param name="minPercentage">Of the nodes that could help, at least this share is tried out ...</param>
/// <param name="minAbsolute">... and at least so many.</param>
public sealed class DefaultPreemption(int minPercentage = 10, int minAbsolute = 100) : IPlugin
{
    private static readonly Rejection NoVictims = new("No preemption victims found for incoming pod", resolvable: false);

    public string Name => "DefaultPreemption";

    /// <summary>Nodes where it would work; where there are none, the diagnosis says why.</summary>
    public IReadOnlyList<PreemptionCandidate> Candidates(
        SchedulingCycle cycles, FilterResult result, IReadOnlyList<PodDisruptionBudget> budgets, Random random, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cycles);
        var diagnosis = result.Diagnosis;
        if (Ineligible(result) is { } why)
        {
            diagnosis.Preemption = "preemption: " + why;
            return [];
        }

        var outcome = new Diagnosis(diagnosis.Nodes) { Absent = "Preemption is not helpful for scheduling" };
        var nodes = diagnosis.NoLook.Length > 0 ? [] : diagnosis.Rejected.Where(r => r.Why.Resolvable).Select(r => r.Node).ToList();
        var (free, costly) = (new List<PreemptionCandidate>(), new List<PreemptionCandidate>());
        if (nodes.Count > 0)
        {
            var enough = Math.Min(nodes.Count, Math.Max(nodes.Count * minPercentage / 100, minAbsolute));
            var first = random.Next(nodes.Count);
            for (var i = 0; i < nodes.Count; i++)
            {
                var node = nodes[(first + i) % nodes.Count];
                var candidate = TryOut(result.Cycle, node, budgets, now, out var rejection);
                if (candidate is null)
                    outcome.Add(node, rejection!);
                else if (candidate.BudgetViolations == 0)
                    free.Add(candidate);
                else
                    costly.Add(candidate);
                if (free.Count > 0 && free.Count + costly.Count >= enough)
                    break;
            }
        }

        if (free.Count + costly.Count == 0)
            diagnosis.Preemption = "preemption: " + outcome.Message;
        return [.. free, .. costly];
    }

    private static string? Ineligible(FilterResult result)
    {
        var pod = result.Cycle.Pod;
        if (pod.Pod.Spec.PreemptionPolicy == "Never")
            return "not eligible due to preemptionPolicy=Never.";
        var nominated = result.Cycle.Cluster.Nominations.NodeOf(pod.Uid) ?? pod.Pod.Status.NominatedNodeName;
        if (nominated.Length == 0 || result.Cycle.Cluster.Find(nominated) is not { } node)
            return null;
        foreach (var (rejected, rejection) in result.Diagnosis.Rejected)
        {
            // The node will never do: somewhere else, then.
            if (ReferenceEquals(rejected, node) && !rejection.Resolvable)
                return null;
        }

        foreach (var other in node.Pods)
        {
            if (other.Priority < pod.Priority && other.IsTerminating && IsPreempted(other.Pod))
                return "not eligible due to a terminating pod on the nominated node.";
        }

        return null;
    }

    private static bool IsPreempted(Pod pod)
    {
        foreach (var condition in pod.Status.Conditions)
        {
            if (condition is { Type: "DisruptionTarget", Status: "True", Reason: "PreemptionByScheduler" })
                return true;
        }

        return false;
    }

    private static PreemptionCandidate? TryOut(
        CycleContext original, NodeInfo node, IReadOnlyList<PodDisruptionBudget> budgets, DateTimeOffset now, out Rejection? rejection)
    {
        var lower = node.Pods.Where(p => p.Priority < original.Pod.Priority).ToList();
        if (lower.Count == 0)
        {
            rejection = NoVictims;
            return null;
        }

        var (cycle, copy) = (original.Copy(), node.Copy());
        foreach (var pod in lower)
            cycle.Move(pod, copy, -1);
        rejection = SchedulingCycle.FilterNode(cycle, copy, out _);
        if (rejection is not null)
            return null;

        // All of them gone is enough; as many as possible are spared, those first whom budgets protect, then the more important ones.
        lower.Sort((a, b) => MoreImportant(a, b, now));
        var (violating, others) = ByBudgets(lower, budgets);
        var victims = new List<PodInfo>();
        var violations = 0;
        foreach (var pod in violating)
        {
            if (!Spare(pod))
                violations++;
        }

        foreach (var pod in others)
            Spare(pod);
        victims.Sort((a, b) => MoreImportant(a, b, now));
        return new(node, victims, violations);

        bool Spare(PodInfo pod)
        {
            cycle.Move(pod, copy, 1);
            if (SchedulingCycle.FilterNode(cycle, copy, out _) is null)
                return true;
            cycle.Move(pod, copy, -1);
            victims.Add(pod);
            return false;
        }
    }

    private static int MoreImportant(PodInfo a, PodInfo b, DateTimeOffset now)
    {
        var byPriority = b.Priority.CompareTo(a.Priority);
        return byPriority != 0 ? byPriority : (a.Pod.Status.StartTime ?? now).CompareTo(b.Pod.Status.StartTime ?? now);
    }

    private static (List<PodInfo> Violating, List<PodInfo> Others) ByBudgets(List<PodInfo> pods, IReadOnlyList<PodDisruptionBudget> budgets)
    {
        var allowed = budgets.Select(b => b.Status.DisruptionsAllowed).ToArray();
        var selectors = budgets.Select(b => Selector.From(b.Spec.Selector)).ToArray();
        var (violating, others) = (new List<PodInfo>(), new List<PodInfo>());
        foreach (var pod in pods)
        {
            var violates = false;
            for (var i = 0; i < budgets.Count; i++)
            {
                if (budgets[i].Metadata.Namespace != pod.Name.Namespace || selectors[i].IsEverything || pod.Pod.Metadata.Labels.Count == 0
                    || !selectors[i].Matches(pod.Pod.Metadata.Labels) || budgets[i].Status.DisruptedPods.ContainsKey(pod.Name.Name))
                    continue;
                if (--allowed[i] < 0)
                    violates = true;
            }

            (violates ? violating : others).Add(pod);
        }

        return (violating, others);
    }
}
