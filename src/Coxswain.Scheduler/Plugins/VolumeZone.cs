
namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps pods in the zones and regions that the labels of their volumes name.</summary>
internal sealed class VolumeZone : IFilterPlugin
{
    private static readonly string[] Labels =
        ["topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"];

    private static readonly Rejection Elsewhere = new("node(s) had no available volume zone", resolvable: false);

    public string Name => "VolumeZone";

    public IReadOnlyList<Interest> Interests { get; } = [new(EventKind.StorageClass | EventKind.NodeAdded | EventKind.NodeLabels | EventKind.Claim | EventKind.Volume)];

    public Preparation Prepare(CycleContext cycle)
    {
        List<(string Label, HashSet<string> Values)>? places = null;
        foreach (var name in cycle.Pod.Claims)
        {
            if (cycle.Cluster.Volumes.Claim(new(cycle.Pod.Name.Namespace, name)) is not { Spec.VolumeName.Length: > 0 } claim
                || cycle.Cluster.Volumes.Volume(claim.Spec.VolumeName) is not { } volume)
                continue;
            foreach (var label in Labels)
            {
                if (volume.Metadata.Labels.TryGetValue(label, out var values))
                    (places ??= []).Add((label, new(values.Split("__"), StringComparer.Ordinal)));
            }
        }

        if (places is null)
            return Preparation.Skip;
        cycle.Keep(this, places);
        return Preparation.Go;
    }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (!Array.Exists(Labels, l => node.Label(l) is not null))
            return null;
        foreach (var (label, values) in cycle.Kept<List<(string Label, HashSet<string> Values)>>(this)!)
        {
            if ((node.Label(label) ?? node.Label(Counterpart(label))) is not { } value || !values.Contains(value))
                return Elsewhere;
        }

        return null;
    }

    // Old volumes have the labels of old, nodes the new ones.
    private static string Counterpart(string label) => Labels[(Array.IndexOf(Labels, label) + 2) % 4];
}
