using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>How many pods the controllers of some pods want, which is what a share of them is a share of.</summary>
internal sealed class PodOwners(Lister<ReplicaSet> sets, Lister<Deployment> deployments, Lister<ReplicationController> replicationControllers,
    Lister<StatefulSet> statefulSets)
{
    /// <summary>The sum over the controllers, each once; a problem if a pod has none whose size is known.</summary>
    public (int Count, string? Problem) ExpectedCount(IEnumerable<Pod> pods)
    {
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (Owners.ControllerOf(pod.Metadata) is not { } owner)
                return (0, $"found no controllers for pod \"{pod.Metadata.Name}\"");
            if (sizes.ContainsKey(owner.Uid))
                continue;
            if (SizeOf(owner.Kind, new(pod.Metadata.Namespace, owner.Name)) is not var (uid, size))
                return (0, $"found no controllers for pod \"{pod.Metadata.Name}\"");
            sizes[uid] = size;
            sizes.TryAdd(owner.Uid, 0);     // a ReplicaSet's size is in its Deployment's
        }
        return (sizes.Values.Sum(), null);
    }

    private (string Uid, int Size)? SizeOf(string kind, Api.NamespacedName name) => kind switch
    {
        "ReplicaSet" when sets.Find(name) is { } set =>
            Owners.ControllerOf(set.Metadata) is { Kind: "Deployment" } owner && deployments.Find(new(name.Namespace, owner.Name)) is { } deployment
                ? (deployment.Metadata.Uid, deployment.Spec.Replicas ?? 1)
                : (set.Metadata.Uid, set.Spec.Replicas ?? 1),
        "ReplicationController" when replicationControllers.Find(name) is { } controller => (controller.Metadata.Uid, controller.Spec.Replicas ?? 1),
        "StatefulSet" when statefulSets.Find(name) is { } stateful => (stateful.Metadata.Uid, stateful.Spec.Replicas ?? 1),
        _ => null,
    };
}
