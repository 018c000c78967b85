namespace Coxswain.Scheduler.Plugins;

/// <summary>Keeps two pods from asking for one host port.</summary>
internal sealed class NodePorts : IFilterPlugin
{
    public string Name => "NodePorts";

    public bool Applies(CycleContext cycle) => cycle.Pod.HostPorts.Count > 0;

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        if (node.HostPorts == 0)
            return null;
        foreach (var other in node.Pods)
        {
            foreach (var taken in other.HostPorts)
            {
                foreach (var wanted in cycle.Pod.HostPorts)
                {
                    if (taken.Port == wanted.Port && taken.Protocol == wanted.Protocol
                        && (taken.Address == wanted.Address || taken.Address == "0.0.0.0" || wanted.Address == "0.0.0.0"))
                        return new("node(s) didn't have free ports for the requested pod ports");
                }
            }
        }

        return null;
    }
}
