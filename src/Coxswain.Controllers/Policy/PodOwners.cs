using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Autoscaling.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers;

/// <summary>How many pods the controllers of some pods want, which is what a share of them is a share of.</summary>
internal sealed class PodOwners(IApiClient api, Lister<ReplicaSet> sets, Lister<Deployment> deployments,
    Lister<ReplicationController> replicationControllers, Lister<StatefulSet> statefulSets, TimeProvider clock)
{
    private static readonly TimeSpan Rediscovery = TimeSpan.FromSeconds(30);
    private (ServedKinds Kinds, long At)? _discovery;

    /// <summary>The sum over the controllers, each once; a problem if a pod's controller has no size that can be known. Pods without a controller
    /// count for nothing and are named.</summary>
    public async Task<(int Count, string? Problem, IReadOnlyList<string> Unmanaged)> ExpectedCountAsync(IEnumerable<Pod> pods, CancellationToken cancellation)
    {
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        var unmanaged = new List<string>();
        foreach (var pod in pods)
        {
            if (Owners.ControllerOf(pod.Metadata) is not { } owner)
            {
                unmanaged.Add(pod.Metadata.Name);
                continue;
            }
            if (sizes.ContainsKey(owner.Uid))
                continue;
            var name = new NamespacedName(pod.Metadata.Namespace, owner.Name);
            var found = SizeOf(owner.Kind, name) ?? await ScaleOfAsync(owner, name, cancellation).ConfigureAwait(false);
            if (found is not var (uid, size))
                return (0, $"found no controllers for pod \"{pod.Metadata.Name}\"", unmanaged);
            sizes[uid] = size;
            sizes.TryAdd(owner.Uid, 0);     // a ReplicaSet's size is in its Deployment's
        }
        return (sizes.Values.Sum(), null, unmanaged);
    }

    /// <summary>Any other kind tells its size by its scale.</summary>
    private async Task<(string Uid, int Size)?> ScaleOfAsync(OwnerReference owner, NamespacedName name, CancellationToken cancellation)
    {
        if (_discovery is not { } known || clock.GetElapsedTime(known.At) > Rediscovery)
            _discovery = known = (new(await api.ServerResourcesAsync(cancellation).ConfigureAwait(false)), clock.GetTimestamp());
        if (known.Kinds.Find(owner) is not { Namespaced: true } served || owner.Kind is "ReplicaSet" or "ReplicationController" or "StatefulSet" or "Deployment" or "Job" or "DaemonSet")
            return null;
        try
        {
            var scale = await api.GetSubresourceAsync<Scale>(served.Resource, name, "scale", cancellation).ConfigureAwait(false);
            return scale.Metadata.Uid == owner.Uid ? (owner.Uid, scale.Spec.Replicas) : null;
        }
        catch (ApiException none) when (none.Code == 404)
        {
            return null;
        }
    }

    private (string Uid, int Size)? SizeOf(string kind, NamespacedName name) => kind switch
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
