using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler;

/// <summary>A node and the pods that are on it or assumed to be. Changed only by <see cref="ClusterState"/>, under its lock.</summary>
public sealed class NodeInfo(string name)
{
    private readonly Dictionary<string, PodInfo> _pods = [];

    public string Name { get; } = name;

    /// <summary>Null while only pods that name the node are known.</summary>
    public Node? Node { get; private set; }
    public ResourceAmounts Allocatable { get; private set; } = ResourceAmounts.Zero;
    public long AllowedPods { get; private set; }
    public ResourceAmounts Requested { get; private set; } = ResourceAmounts.Zero;
    public ResourceAmounts ScoringRequested { get; private set; } = ResourceAmounts.Zero;
    public IReadOnlyCollection<PodInfo> Pods => _pods.Values;
    public bool IsEmpty => Node is null && _pods.Count == 0;

    /// <summary>How many pods here keep others away by anti-affinity.</summary>
    public int PodsWithAntiAffinity { get; private set; }
    public int PodsWithAffinity { get; private set; }

    /// <summary>How many host ports are taken.</summary>
    public int HostPorts { get; private set; }

    public string? Label(string key) => Node!.Metadata.Labels.GetValueOrDefault(key);

    internal void Set(Node? node)
    {
        Node = node;
        Allocatable = node is null ? ResourceAmounts.Zero : ResourceAmounts.From(node.Status.Allocatable);
        AllowedPods = node is not null && node.Status.Allocatable.TryGetValue("pods", out var pods) ? pods.Value : 0;
    }

    internal void Add(PodInfo pod)
    {
        Remove(pod.Uid);
        _pods[pod.Uid] = pod;
        Count(pod, 1);
        Requested += pod.Requests;
        ScoringRequested += pod.ScoringRequests;
    }

    internal void Remove(string uid)
    {
        if (!_pods.Remove(uid, out var pod))
            return;
        Count(pod, -1);
        Requested -= pod.Requests;
        ScoringRequested -= pod.ScoringRequests;
    }

    private void Count(PodInfo pod, int by)
    {
        HostPorts += by * pod.HostPorts.Count;
        if (pod.RequiredAntiAffinity.Count > 0)
            PodsWithAntiAffinity += by;
        if (pod.RequiredAffinity.Count + pod.PreferredAffinity.Count > 0)
            PodsWithAffinity += by;
    }
}
