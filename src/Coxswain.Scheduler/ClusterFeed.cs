using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Storage.V1;
using Coxswain.Client;
using Coxswain.Scheduler.Queue;

namespace Coxswain.Scheduler;

/// <summary>Brings what informers tell into the state and the queue, and says of each change whom it could help.</summary>
/// <remarks>Level-triggered: an event that comes twice, or whose like was missed, leaves the same state.</remarks>
internal sealed class ClusterFeed(ClusterState cluster, SchedulingQueue queue, Func<string, bool> isOurs)
{
    private readonly List<IInformer> _informers = [];

    public void Attach(InformerFactory informers)
    {
        Follow(informers.Informer<Node>(), NodeChanged, n =>
        {
            cluster.RemoveNode(n.Metadata.Name);
            // Pods that were to be spread may now be.
            queue.ClusterChanged(new(EventKind.NodeLabels, n));
        });
        Follow(informers.Informer<Namespace>(), (_, ns) =>
        {
            cluster.SetNamespace(ns);
            queue.ClusterChanged(new(EventKind.PodLabels));
        }, ns => cluster.RemoveNamespace(ns.Metadata.Name));
        Follow(informers.Informer<Service>(), (_, s) => Locked(() => cluster.Owners.Set(s)), s => Locked(() => cluster.Owners.Remove(s)));
        Follow(informers.Informer<ReplicaSet>(), (_, s) => Locked(() => cluster.Owners.Set(s)), s => Locked(() => cluster.Owners.Remove("ReplicaSet", Name(s))));
        Follow(informers.Informer<StatefulSet>(), (_, s) => Locked(() => cluster.Owners.Set(s)), s => Locked(() => cluster.Owners.Remove("StatefulSet", Name(s))));
        Follow(informers.Informer<ReplicationController>(), (_, s) => Locked(() => cluster.Owners.Set(s)), s => Locked(() => cluster.Owners.Remove("ReplicationController", Name(s))));
        Follow(informers.Informer<PersistentVolumeClaim>(),
            (before, c) => Changed(EventKind.Claim, before, c, () => cluster.Volumes.Set(c)), c => Locked(() => cluster.Volumes.RemoveClaim(Name(c))));
        Follow(informers.Informer<PersistentVolume>(),
            (before, v) => Changed(EventKind.Volume, before, v, () => cluster.Volumes.Set(v)), v => Locked(() => cluster.Volumes.RemoveVolume(v.Metadata.Name)));
        Follow(informers.Informer<StorageClass>(),
            (before, c) => Changed(EventKind.StorageClass, before, c, () => cluster.Volumes.Set(c)), c => Locked(() => cluster.Volumes.RemoveClass(c.Metadata.Name)));
        Follow(informers.Informer<CSINode>(),
            (before, c) => Changed(EventKind.CsiNode, before, c, () => cluster.Volumes.Set(c)), c => Locked(() => cluster.Volumes.RemoveCsiNode(c.Metadata.Name)));
        Follow(informers.Informer<CSIDriver>(),
            (before, d) => Changed(EventKind.StorageClass, before, d, () => cluster.Volumes.Set(d)), d => Locked(() => cluster.Volumes.RemoveDriver(d.Metadata.Name)));
        Follow(informers.Informer<CSIStorageCapacity>(),
            (before, c) => Changed(EventKind.StorageClass, before, c, () => cluster.Volumes.Set(c)), c => Locked(() => cluster.Volumes.RemoveCapacity(Name(c))));
        _informers.Add(informers.Informer<PodDisruptionBudget>());
        // Last: pods then find what they refer to.
        Follow(informers.Informer<Pod>(), PodChanged, PodGone);
    }

    public Task WaitForSyncAsync(CancellationToken cancellation) => Task.WhenAll(_informers.Select(i => i.WaitForSyncAsync(cancellation)));

    public void NodeChanged(Node? before, Node after)
    {
        if (before is null)
        {
            cluster.SetNode(after);
            queue.ClusterChanged(new(EventKind.NodeAdded, null, after));
            return;
        }

        var kinds = EventKind.None;
        if (before.Status.Allocatable != after.Status.Allocatable)
            kinds |= EventKind.NodeAllocatable;
        if (before.Metadata.Labels != after.Metadata.Labels)
            kinds |= EventKind.NodeLabels;
        if (before.Spec != after.Spec)
            kinds |= EventKind.NodeTaints;
        // Signs of life, the most frequent changes, concern nobody here.
        if (kinds == EventKind.None && before.Status.Images == after.Status.Images)
            return;
        cluster.SetNode(after);
        if (kinds != EventKind.None)
            queue.ClusterChanged(new(kinds, before, after));
    }

    public void PodChanged(Pod? before, Pod after)
    {
        if (after.Status.Phase is "Succeeded" or "Failed")
        {
            PodGone(after);
            return;
        }

        var name = new NamespacedName(after.Metadata.Namespace, after.Metadata.Name);
        if (after.Spec.NodeName.Length > 0)
        {
            var pod = new PodInfo(after);
            queue.Remove(name);
            cluster.SetPod(pod);
            if (before is null || before.Spec.NodeName.Length == 0)
                queue.ClusterChanged(new(EventKind.PodAdded, null, pod));
            else if (before.Metadata.Labels != after.Metadata.Labels)
                queue.ClusterChanged(new(EventKind.PodLabels, new PodInfo(before), pod));
            else if (!ReferenceEquals(before.Spec, after.Spec) && before.Spec.Containers != after.Spec.Containers)
                queue.ClusterChanged(new(EventKind.PodScaledDown, new PodInfo(before), pod));
        }
        else if (after.Metadata.DeletionTimestamp is not null)
        {
            queue.Remove(name);
        }
        else if (isOurs(after.Spec.SchedulerName) && !cluster.IsPlaced(after.Metadata.Uid))
        {
            var pod = new PodInfo(after);
            if (after.Status.NominatedNodeName.Length > 0)
                Locked(() => cluster.Nominations.Set(pod, after.Status.NominatedNodeName));
            queue.Put(pod);
        }
    }

    public void PodGone(Pod pod)
    {
        queue.Remove(Name(pod));
        if (cluster.RemovePod(pod.Metadata.Uid))
            queue.ClusterChanged(new(EventKind.PodRemoved, new PodInfo(pod)));
    }

    private void Follow<T>(Informer<T> informer, Action<T?, T> changed, Action<T> gone) where T : class, IMetadataObject
    {
        _informers.Add(informer);
        informer.AddHandler(new() { Added = o => changed(null, o), Updated = changed, Deleted = gone });
    }

    private void Changed(EventKind kind, object? before, object after, Action apply)
    {
        Locked(apply);
        queue.ClusterChanged(new(kind, before, after));
    }

    private void Locked(Action apply)
    {
        lock (cluster.Gate)
            apply();
    }

    private static NamespacedName Name(IMetadataObject o) => new(o.Metadata.Namespace, o.Metadata.Name);
}
