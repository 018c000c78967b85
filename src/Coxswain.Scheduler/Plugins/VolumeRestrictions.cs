using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods from sharing disks that cannot be shared, and claims that only one pod may have.</summary>
internal sealed class VolumeRestrictions : IFilterPlugin
{
    private static readonly Rejection DiskTaken = new("node(s) had no available disk");
    private static readonly Rejection ClaimTaken = new("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");

    public string Name => "VolumeRestrictions";

    public IReadOnlyList<Interest> Interests { get; } = [new(EventKind.PodRemoved | EventKind.NodeAdded | EventKind.Claim)];

    private sealed class State(HashSet<string> claims, int uses) : ICycleState
    {
        public HashSet<string> Claims { get; } = claims;
        public int Uses { get; set; } = uses;

        public ICycleState Copy() => new State(Claims, Uses);
    }

    public Preparation Prepare(CycleContext cycle)
    {
        HashSet<string>? alone = null;
        var uses = 0;
        foreach (var name in cycle.Pod.Claims)
        {
            var claim = cycle.Cluster.Volumes.Claim(new(cycle.Pod.Name.Namespace, name));
            if (claim is null || !claim.Spec.AccessModes.AsSpan().Contains("ReadWriteOncePod"))
                continue;
            (alone ??= new(StringComparer.Ordinal)).Add(name);
            uses += cycle.Cluster.Volumes.Uses(new(cycle.Pod.Name.Namespace, name));
        }

        if (alone is null && !cycle.Pod.HasDisks)
            return Preparation.Skip;
        cycle.Keep(this, new State(alone ?? [], uses));
        return Preparation.Go;
    }

    public void PodMoved(CycleContext cycle, PodInfo pod, NodeInfo node, int by)
    {
        if (pod.Name.Namespace == cycle.Pod.Name.Namespace && cycle.Kept<State>(this) is { } state)
            state.Uses += by * pod.Claims.Count(state.Claims.Contains);
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (cycle.Pod.HasDisks && node.Disks > 0)
        {
            foreach (var wanted in cycle.Pod.Pod.Spec.Volumes)
            {
                foreach (var other in node.Pods)
                {
                    if (other.HasDisks && other.Pod.Spec.Volumes.Any(taken => Clash(wanted, taken)))
                        return DiskTaken;
                }
            }
        }

        return cycle.Kept<State>(this)!.Uses > 0 ? ClaimTaken : null;
    }

    private static bool Clash(Volume a, Volume b)
    {
        if (a.GcePersistentDisk is { } disk && b.GcePersistentDisk is { } otherDisk)
            return disk.PdName == otherDisk.PdName && !(disk.ReadOnly && otherDisk.ReadOnly);
        if (a.AwsElasticBlockStore is { } block && b.AwsElasticBlockStore is { } otherBlock)
            return block.VolumeID == otherBlock.VolumeID;
        if (a.Iscsi is { } target && b.Iscsi is { } otherTarget)
            return target.Iqn == otherTarget.Iqn && !(target.ReadOnly && otherTarget.ReadOnly);
        if (a.Rbd is { } image && b.Rbd is { } otherImage)
        {
            return image.Pool == otherImage.Pool && image.Image == otherImage.Image && image.Monitors.Any(m => otherImage.Monitors.AsSpan().Contains(m))
                && !(image.ReadOnly && otherImage.ReadOnly);
        }

        return false;
    }
}
