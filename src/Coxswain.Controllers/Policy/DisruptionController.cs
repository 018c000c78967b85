using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Client;
using MetaCondition = Coxswain.Api.Meta.V1.Condition;

namespace Coxswain.Controllers;

/// <summary>Says how many pods of a disruption budget may be evicted now.</summary>
internal sealed class DisruptionController(IApiClient api, Lister<PodDisruptionBudget> budgets, Lister<Pod> pods, PodOwners owners,
    EventRecorder events, TimeProvider clock) : IReconciler
{
    /// <summary>How long an eviction that was granted counts as one that is to come.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static IReconciler Make(ControllerContext c) => new DisruptionController(c.Api, c.Lister<PodDisruptionBudget>(), c.Lister<Pod>(),
        new(c.Api, c.Lister<ReplicaSet>(), c.Lister<Deployment>(), c.Lister<ReplicationController>(), c.Lister<StatefulSet>(), c.Clock), c.Events("controllermanager"), c.Clock);

    /// <summary>A change of a pod wakes the budgets that cover it.</summary>
    public static IEnumerable<NamespacedName> BudgetsOf(ControllerContext c, Pod pod) => c.Lister<PodDisruptionBudget>().List(pod.Metadata.Namespace)
        .Where(b => Selector.From(b.Spec.Selector).Matches(pod.Metadata.Labels)).Select(b => b.FullName());

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (budgets.Find(name) is not { } budget)
            return ReconcileResult.Done;
        var covered = pods.List(name.Namespace, Selector.From(budget.Spec.Selector)).Where(p => !PodFacts.IsFinished(p)).ToList();
        if (covered.Count == 0)
            events.Normal(budget, "NoPods", "No matching pods found");

        var (expected, desired, problem) = await DesiredAsync(budget, covered, cancellation).ConfigureAwait(false);
        if (problem is not null)
            events.Warning(budget, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: " + problem);

        var now = clock.GetUtcNow();
        var disrupted = StillDisrupted(budget, covered, now, out var again);
        var healthy = covered.Count(p => PodFacts.IsReady(p) && p.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(p.Metadata.Name));
        var allowed = problem is not null ? 0 : Math.Max(0, healthy - desired);
        if (expected <= 0)
            allowed = 0;
        var status = budget.Status with
        {
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,
            DisruptionsAllowed = allowed,
            DisruptedPods = disrupted,
            ObservedGeneration = budget.Metadata.Generation,
            Conditions = Conditions(budget, allowed, problem, now),
        };
        if (status != budget.Status)
            await api.UpdateStatusAsync(budget with { Status = status }, cancellation).ConfigureAwait(false);
        return again is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private async Task<(int Expected, int Desired, string? Problem)> DesiredAsync(PodDisruptionBudget budget, List<Pod> covered, CancellationToken cancellation)
    {
        if (budget.Spec.MaxUnavailable is null && budget.Spec.MinAvailable is not { IsString: true })
            return (covered.Count, budget.Spec.MinAvailable?.IntValue ?? 1, null);
        var (expected, problem, unmanaged) = await owners.ExpectedCountAsync(covered, cancellation).ConfigureAwait(false);
        if (unmanaged.Count > 0)
            events.Warning(budget, "UnmanagedPods",
                $"Pods selected by this PodDisruptionBudget (selector: {Selector.From(budget.Spec.Selector)}) were found to be unmanaged. As a result, the status of the PDB "
                + "cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" "
                + "field of the PDB to an integer value.");
        return budget.Spec.MaxUnavailable is { } most
            ? (expected, Math.Max(0, expected - RolloutMath.Resolve(most, "0", expected, roundUp: true)), problem)
            : (expected, RolloutMath.Resolve(budget.Spec.MinAvailable, "0", expected, roundUp: true), problem);
    }

    /// <summary>Evictions that were granted and have not yet shown: they expire, should the eviction never come.</summary>
    private static ApiMap<DateTimeOffset> StillDisrupted(PodDisruptionBudget budget, List<Pod> covered, DateTimeOffset now, out TimeSpan? again)
    {
        again = null;
        var result = budget.Status.DisruptedPods;
        foreach (var (name, at) in budget.Status.DisruptedPods)
        {
            var left = at + Patience - now;
            var waits = covered.Any(p => p.Metadata.Name == name && p.Metadata.DeletionTimestamp is null);
            if (!waits || left <= TimeSpan.Zero)
                result = result.Without(name);
            else if (again is null || left < again)
                again = left;
        }
        return result;
    }

    private static ApiList<MetaCondition> Conditions(PodDisruptionBudget budget, int allowed, string? problem, DateTimeOffset now)
    {
        const string type = "DisruptionAllowed";
        var (status, reason, message) = problem is not null ? (ConditionStatus.False, "SyncFailed", problem)
            : allowed > 0 ? (ConditionStatus.True, "SufficientPods", "")
            : (ConditionStatus.False, "InsufficientPods", "");
        var conditions = budget.Status.Conditions;
        for (var i = 0; i < conditions.Count; i++)
        {
            var current = conditions[i];
            if (current.Type == type)
                return conditions.SetItem(i, current with
                {
                    Status = status, Reason = reason, Message = message, ObservedGeneration = budget.Metadata.Generation,
                    LastTransitionTime = current.Status == status ? current.LastTransitionTime : now,
                });
        }
        return conditions.Add(new()
        {
            Type = type, Status = status, Reason = reason, Message = message, ObservedGeneration = budget.Metadata.Generation, LastTransitionTime = now,
        });
    }
}
