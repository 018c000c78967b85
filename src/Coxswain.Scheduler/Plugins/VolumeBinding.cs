using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using Coxswain.Scheduler.Volumes;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Sends pods where their volumes are or can be, and has volumes bound that wait for their first consumer.</summary>
/// <param name="api">Null: decisions only, for trying what would be if.</param>
internal sealed class VolumeBinding(IApiClient? api, TimeProvider clock, TimeSpan timeout) : IFilterPlugin, IBindPlugin
{
    private static readonly Rejection NotReached = new("node(s) didn't match PersistentVolume's node affinity", resolvable: false);
    private static readonly Rejection NothingToBind = new("node(s) didn't find available persistent volumes to bind", resolvable: false);
    private static readonly Rejection NoRoom = new("node(s) did not have enough free storage", resolvable: false);
    private static readonly Rejection VolumeGone = new("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)", resolvable: false);

    public string Name => "VolumeBinding";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.Claim, (pod, change) => (change.After ?? change.Before) is not PersistentVolumeClaim claim
            || (claim.Metadata.Namespace == pod.Name.Namespace && pod.Claims.Contains(claim.Metadata.Name))),
        new(EventKind.Volume | EventKind.StorageClass | EventKind.CsiNode | EventKind.NodeAdded | EventKind.NodeLabels),
    ];

    private sealed record Claims(List<PersistentVolumeClaim> Bound, List<PersistentVolumeClaim> Waiting);

    public Preparation Prepare(CycleContext cycle)
    {
        var pod = cycle.Pod;
        if (pod.Claims.Count == 0)
            return Preparation.Skip;
        var (bound, waiting, unbound) = (new List<PersistentVolumeClaim>(), new List<PersistentVolumeClaim>(), false);
        foreach (var volume in pod.Pod.Spec.Volumes)
        {
            var ephemeral = volume.Ephemeral is not null;
            if ((ephemeral ? $"{pod.Name.Name}-{volume.Name}" : volume.PersistentVolumeClaim?.ClaimName) is not { } name)
                continue;
            var claim = cycle.Cluster.Volumes.Claim(new(pod.Name.Namespace, name));
            if (claim is null)
            {
                return Preparation.Reject(ephemeral
                    ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                    : $"persistentvolumeclaim \"{name}\" not found");
            }

            if (claim.Status.Phase == "Lost")
                return Preparation.Reject($"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"");
            if (claim.Metadata.DeletionTimestamp is not null)
                return Preparation.Reject($"persistentvolumeclaim \"{name}\" is being deleted");
            if (ephemeral && !claim.Metadata.OwnerReferences.Any(o => o.Controller == true && o.Uid == pod.Uid))
                return Preparation.Reject($"PVC {pod.Name.Namespace}/{name} was not created for pod {pod.Name} (pod is not owner)");
            if (VolumeMatching.IsBound(claim))
                bound.Add(claim);
            else if (VolumeMatching.WaitsForConsumer(claim, cycle.Cluster.Volumes))
                waiting.Add(claim);
            else
                unbound = true;
        }

        if (unbound)
            return Preparation.Reject("pod has unbound immediate PersistentVolumeClaims");
        cycle.Keep(this, new Claims(bound, waiting));
        return Preparation.Go;
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        var claims = cycle.Kept<Claims>(this)!;
        List<string>? reasons = null;
        foreach (var claim in claims.Bound)
        {
            if (cycle.Cluster.Volumes.Volume(claim.Spec.VolumeName) is not { } volume)
                return VolumeGone;
            if (!VolumeMatching.Reaches(volume, node.Node!))
            {
                (reasons ??= []).Add(NotReached.Reasons[0]);
                break;
            }
        }

        if (claims.Waiting.Count > 0)
        {
            if (Decide(cycle, claims, node.Node!) is not { } plan)
                (reasons ??= []).Add(NothingToBind.Reasons[0]);
            else if (plan.Exists(p => p.Volume is null && !VolumeMatching.HasRoom(p.Claim, node.Node!, cycle.Cluster.Volumes)))
                (reasons ??= []).Add(NoRoom.Reasons[0]);
        }

        return reasons is null ? null : new(reasons, Resolvable: false);
    }

    public IReservation? Reserve(CycleContext cycle, NodeInfo node)
    {
        if (cycle.Kept<Claims>(this) is not { Waiting.Count: > 0 } claims || Decide(cycle, claims, node.Node!) is not { } plan)
            return null;
        var reservation = new Reservation(plan, node.Name, cycle.Cluster, api!, clock, timeout);
        reservation.Take();
        return reservation;
    }

    /// <summary>For each waiting claim a volume that there is, or null for one that is to be made.</summary>
    private static List<(PersistentVolumeClaim Claim, PersistentVolume? Volume)>? Decide(CycleContext cycle, Claims claims, Node node)
    {
        var plan = new List<(PersistentVolumeClaim, PersistentVolume?)>(claims.Waiting.Count);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var claim in claims.Waiting)
        {
            if (claim.Metadata.Annotations.TryGetValue(VolumeMatching.SelectedNode, out var selected))
            {
                // It is being made for a node already.
                if (selected != node.Metadata.Name)
                    return null;
                plan.Add((claim, null));
            }
            else if (VolumeMatching.Find(claim, node, cycle.Cluster.Volumes, taken) is { } volume)
            {
                taken.Add(volume.Metadata.Name);
                plan.Add((claim, volume));
            }
            else if (VolumeMatching.CanProvision(claim, node, cycle.Cluster.Volumes))
            {
                plan.Add((claim, null));
            }
            else
            {
                return null;
            }
        }

        return plan;
    }

    private sealed class Reservation(
        List<(PersistentVolumeClaim Claim, PersistentVolume? Volume)> plan, string node, ClusterState cluster, IApiClient api, TimeProvider clock, TimeSpan timeout) : IReservation
    {
        public void Take()
        {
            foreach (var (claim, volume) in plan)
            {
                if (volume is not null)
                    cluster.Volumes.Promise(volume.Metadata.Name, NameOf(claim));
            }
        }

        public void Release()
        {
            foreach (var (_, volume) in plan)
            {
                if (volume is not null)
                    cluster.Volumes.Withdraw(volume.Metadata.Name);
            }
        }

        public async Task CommitAsync(CancellationToken cancellation)
        {
            foreach (var (claim, volume) in plan)
            {
                if (volume is not null && volume.Spec.ClaimRef?.Uid != claim.Metadata.Uid)
                {
                    await api.UpdateAsync(
                        volume with
                        {
                            Metadata = volume.Metadata with { Annotations = volume.Metadata.Annotations.With(VolumeMatching.BoundByController, "yes") },
                            Spec = volume.Spec with { ClaimRef = EventRecorder.ReferenceTo(claim) },
                        }, cancellation).ConfigureAwait(false);
                }
                else if (volume is null && !claim.Metadata.Annotations.ContainsKey(VolumeMatching.SelectedNode))
                {
                    await api.UpdateAsync(
                        claim with { Metadata = claim.Metadata with { Annotations = claim.Metadata.Annotations.With(VolumeMatching.SelectedNode, node) } }, cancellation).ConfigureAwait(false);
                }
            }

            using var limit = new CancellationTokenSource(timeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            try
            {
                while (true)
                {
                    Task changed;
                    lock (cluster.Gate)
                    {
                        changed = cluster.Volumes.ClaimChanged;
                        if (plan.TrueForAll(p => IsBound(p.Claim)))
                            return;
                    }

                    await changed.WaitAsync(either.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new InvalidOperationException("running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded");
            }
        }

        private bool IsBound(PersistentVolumeClaim planned)
        {
            var name = NameOf(planned);
            if (cluster.Volumes.Claim(name) is not { } claim || claim.Metadata.Uid != planned.Metadata.Uid)
                throw new InvalidOperationException($"running PreBind plugin \"VolumeBinding\": binding volumes: persistentvolumeclaim \"{name.Name}\" not found");
            return VolumeMatching.IsBound(claim);
        }

        private static NamespacedName NameOf(PersistentVolumeClaim claim) => new(claim.Metadata.Namespace, claim.Metadata.Name);
    }
}
