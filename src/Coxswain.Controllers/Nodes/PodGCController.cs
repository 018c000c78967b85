using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Removes pods that nobody else will: of nodes that are gone, ending ones that never got a node, and finished ones beyond the
/// number that is kept. It has one name only, the whole cluster, and looks again after a while.</summary>
internal sealed class PodGCController(IApiClient api, Lister<Pod> pods, Lister<Node> nodes, int keepFinished, TimeProvider clock) : IReconciler
{
    private static readonly NamespacedName Cluster = new("", "cluster");
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    /// <summary>How long a node must be missed before its pods are.</summary>
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);
    private const string OutOfService = "node.kubernetes.io/out-of-service";

    private readonly Dictionary<string, long> _missed = new(StringComparer.Ordinal);

    public static IReconciler Make(ControllerContext c) =>
        new PodGCController(c.Api, c.Lister<Pod>(), c.Lister<Node>(), c.Options.TerminatedPodGCThreshold, c.Clock);

    public static Wake AtStart { get; } = new(c => c.Queue.Add(Cluster));

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        var all = pods.All();
        var missing = await FindMissingNodesAsync(all, cancellation).ConfigureAwait(false);
        foreach (var pod in Doomed(all, missing))
            await RemoveAsync(pod, missing.Contains(pod.Spec.NodeName), cancellation).ConfigureAwait(false);
        return ReconcileResult.After(Period);
    }

    private IEnumerable<Pod> Doomed(IReadOnlyList<Pod> all, HashSet<string> missing)
    {
        var doomed = all.Where(p => missing.Contains(p.Spec.NodeName)
            || p.Metadata.DeletionTimestamp is not null && (p.Spec.NodeName.Length == 0 || IsOutOfService(p.Spec.NodeName))).ToList();
        var finished = all.Where(p => PodFacts.IsFinished(p) && p.Metadata.DeletionTimestamp is null).ToList();
        if (keepFinished > 0 && finished.Count > keepFinished)
            doomed.AddRange(finished.OrderBy(p => p.Metadata.CreationTimestamp).Take(finished.Count - keepFinished));
        return doomed.DistinctBy(p => p.Metadata.Uid);
    }

    private bool IsOutOfService(string node) =>
        nodes.Find(new("", node)) is { } found && found.Spec.Taints.Any(t => t.Key == OutOfService)
        && NodeTaints.Condition(found.Status.Conditions, NodeConditionType.Ready)?.Status != ConditionStatus.True;

    private async Task<HashSet<string>> FindMissingNodesAsync(IReadOnlyList<Pod> all, CancellationToken cancellation)
    {
        var absent = all.Select(p => p.Spec.NodeName).Where(n => n.Length > 0).Distinct().Where(n => nodes.Find(new("", n)) is null).ToHashSet();
        foreach (var back in _missed.Keys.Where(n => !absent.Contains(n)).ToList())
            _missed.Remove(back);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in absent)
        {
            _missed.TryAdd(node, clock.GetTimestamp());
            // The lister may lag: only the server's word counts.
            if (clock.GetElapsedTime(_missed[node]) >= Quarantine
                && await api.FindAsync<Node>(new("", node), cancellation).ConfigureAwait(false) is null)
                missing.Add(node);
        }
        return missing;
    }

    private async Task RemoveAsync(Pod pod, bool orphaned, CancellationToken cancellation)
    {
        try
        {
            if (!PodFacts.IsFinished(pod))
            {
                var marked = orphaned
                    ? DisruptionTarget.Mark(pod, "DeletionByPodGC", "PodGC: node no longer exists", clock.GetUtcNow())
                    : pod;
                await api.UpdateStatusAsync(marked with { Status = marked.Status with { Phase = PodPhase.Failed } }, cancellation).ConfigureAwait(false);
            }
            await api.DeleteAsync<Pod>(pod.FullName(), new() { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellation)
                .ConfigureAwait(false);
            ControllerMetrics.PodsDeletedByCollector.Add(1, new("namespace", pod.Metadata.Namespace),
                new("reason", orphaned ? "orphaned" : PodFacts.IsFinished(pod) ? "terminated" : pod.Spec.NodeName.Length == 0 ? "unscheduled" : "out-of-service"));
        }
        catch (ApiException lost) when (lost.Code is 404 or 409)
        {
            // Gone, or changed by somebody: the next look decides.
        }
    }
}
