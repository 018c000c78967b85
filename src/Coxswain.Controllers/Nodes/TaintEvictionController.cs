using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>Deletes the pods of a node that do not tolerate its NoExecute taints, or not for longer. Names are those of pods.</summary>
internal sealed class TaintEvictionController(IApiClient api, Lister<Pod> pods, Lister<Node> nodes, EventRecorder events, TimeProvider clock)
    : IReconciler
{
    public static IReconciler Make(ControllerContext c)
    {
        PodIndex.AddTo(c.Informer<Pod>());
        return new TaintEvictionController(c.Api, c.Lister<Pod>(), c.Lister<Node>(), c.Events("taint-eviction-controller"), c.Clock);
    }

    /// <summary>A pod wakes when it comes to a node or its tolerations change; all pods of a node when its taints do.</summary>
    public static Wake WhenTaintsOrTolerationsChange { get; } = new(c =>
    {
        c.Informer<Pod>().AddHandler(new()
        {
            Added = pod => WakePod(c, pod),
            Updated = (before, now) =>
            {
                if (before.Spec.NodeName != now.Spec.NodeName || before.Spec.Tolerations != now.Spec.Tolerations)
                    WakePod(c, now);
            },
        });
        c.Informer<Node>().AddHandler(new()
        {
            Added = node => WakePods(c, node),
            Updated = (before, now) =>
            {
                if (before.Spec.Taints != now.Spec.Taints)
                    WakePods(c, now);
            },
        });
    });

    public async Task<ReconcileResult> ReconcileAsync(NamespacedName name, CancellationToken cancellation)
    {
        if (pods.Find(name) is not { Metadata.DeletionTimestamp: null } pod || PodFacts.IsFinished(pod)
            || nodes.Find(new("", pod.Spec.NodeName)) is not { } node)
            return ReconcileResult.Done;
        if (EvictedAt(node.Spec.Taints, pod.Spec.Tolerations) is not { } due)
            return ReconcileResult.Done;
        var left = due - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return ReconcileResult.After(left);

        events.Normal(pod, "TaintManagerEviction", $"Marking for deletion Pod {name}");
        try
        {
            var marked = await api.UpdateStatusAsync(DisruptionTarget.Mark(pod, "DeletionByTaintManager",
                "Taint manager: deleting due to NoExecute taint", clock.GetUtcNow()), cancellation).ConfigureAwait(false);
            await api.DeleteAsync<Pod>(name, new() { Preconditions = new() { Uid = marked.Metadata.Uid } }, cancellation).ConfigureAwait(false);
            ControllerMetrics.PodEvictions.Add(1);
        }
        catch (ApiException gone) when (gone.Code == 404)
        {
            // Gone already.
        }
        return ReconcileResult.Done;
    }

    /// <summary>When the pod has to go; null: it may stay.</summary>
    private DateTimeOffset? EvictedAt(ApiList<Taint> taints, ApiList<Toleration> tolerations)
    {
        DateTimeOffset? earliest = null;
        foreach (var taint in taints)
        {
            if (taint.Effect != TaintEffect.NoExecute)
                continue;
            var since = taint.TimeAdded ?? clock.GetUtcNow();
            long? seconds = 0;
            foreach (var toleration in tolerations)
            {
                if (!NodeFit.Tolerates(toleration, taint))
                    continue;
                // Of several tolerations of one taint the shortest counts; one without an end only when there is no other.
                seconds = seconds == 0 ? toleration.TolerationSeconds ?? long.MaxValue : Math.Min(seconds.Value, toleration.TolerationSeconds ?? long.MaxValue);
                if (seconds <= 0)
                    break;
            }
            if (seconds == long.MaxValue)
                continue;
            var due = since.AddSeconds(Math.Max(0, seconds ?? 0));
            if (earliest is null || due < earliest)
                earliest = due;
        }
        return earliest;
    }

    private static void WakePod(ControllerContext c, Pod pod)
    {
        if (pod.Spec.NodeName.Length > 0 && c.Lister<Node>().Find(new("", pod.Spec.NodeName)) is { } node && IsTainted(node))
            c.Queue.Add(pod.FullName());
    }

    private static void WakePods(ControllerContext c, Node node)
    {
        if (!IsTainted(node))
            return;
        foreach (var pod in c.Lister<Pod>().ByIndex(PodIndex.ByNode, node.Metadata.Name))
            c.Queue.Add(pod.FullName());
    }

    private static bool IsTainted(Node node) => node.Spec.Taints.Any(t => t.Effect == TaintEffect.NoExecute);
}
