using Coxswain.Scheduler.Volumes;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps nodes within the number of volumes that their CSI drivers can attach.</summary>
internal sealed class NodeVolumeLimits : IFilterPlugin
{
    private static readonly Rejection Full = new("node(s) exceed max volume count");

    public string Name => "NodeVolumeLimits";

    public IReadOnlyList<Interest> Interests { get; } = [new(EventKind.CsiNode | EventKind.NodeAdded | EventKind.PodRemoved | EventKind.Claim)];

    public Preparation Prepare(CycleContext cycle) => cycle.Pod.Claims.Count == 0 ? Preparation.Skip : Preparation.Go;

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (cycle.Cluster.Volumes.CsiNode(node.Name) is not { } drivers)
            return null;
        var wanted = Volumes(cycle.Pod, cycle.Cluster.Volumes);
        if (wanted.Count == 0)
            return null;
        var attached = new HashSet<(string Driver, string Volume)>();
        if (node.Claims > 0)
        {
            foreach (var pod in node.Pods)
                attached.UnionWith(Volumes(pod, cycle.Cluster.Volumes));
        }

        wanted.ExceptWith(attached);
        foreach (var driver in drivers.Spec.Drivers)
        {
            if (driver.Allocatable?.Count is not { } limit)
                continue;
            var more = wanted.Count(w => w.Driver == driver.Name);
            if (more > 0 && attached.Count(a => a.Driver == driver.Name) + more > limit)
                return Full;
        }

        return null;
    }

    /// <summary>The volumes of a pod by driver and handle; one that is still to be made goes by its claim.</summary>
    private static HashSet<(string Driver, string Volume)> Volumes(PodInfo pod, VolumeState volumes)
    {
        var found = new HashSet<(string, string)>();
        foreach (var name in pod.Claims)
        {
            if (volumes.Claim(new(pod.Name.Namespace, name)) is not { } claim)
                continue;
            if (claim.Spec.VolumeName.Length > 0 && volumes.Volume(claim.Spec.VolumeName) is { } volume)
            {
                if (volume.Spec.Csi is { } csi)
                    found.Add((csi.Driver, csi.VolumeHandle));
            }
            else if (volumes.Class(VolumeMatching.ClassOf(claim)) is { Provisioner.Length: > 0 } made)
            {
                found.Add((made.Provisioner, $"{pod.Name.Namespace}/{name}"));
            }
        }

        return found;
    }
}
