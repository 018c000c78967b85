namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps two pods from asking for one host port.</summary>
internal sealed class NodePorts : IFilterPlugin
{
    private static readonly Rejection Taken = new("node(s) didn't have free ports for the requested pod ports");

    public string Name => "NodePorts";

    public IReadOnlyList<Interest> Interests { get; } =
    [
        new(EventKind.NodeAdded),
        new(EventKind.PodRemoved, (pod, change) => change.Before is PodInfo gone && Clash(gone, pod)),
    ];

    public Preparation Prepare(CycleContext cycle) => cycle.Pod.HostPorts.Count > 0 ? Preparation.Go : Preparation.Skip;

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (node.HostPorts == 0)
            return null;
        foreach (var other in node.Pods)
        {
            if (Clash(other, cycle.Pod))
                return Taken;
        }

        return null;
    }

    private static bool Clash(PodInfo one, PodInfo other)
    {
        foreach (var taken in one.HostPorts)
        {
            foreach (var wanted in other.HostPorts)
            {
                if (taken.Port == wanted.Port && taken.Protocol == wanted.Protocol
                    && (taken.Address == wanted.Address || taken.Address == "0.0.0.0" || wanted.Address == "0.0.0.0"))
                    return true;
            }
        }

        return false;
    }
}
