using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler;

/// <summary>A node and the pods that are on it or assumed to be. Changed only by <see cref="ClusterState"/>, under its lock; a
/// <see cref="Copy"/> belongs to whoever made it.</summary>
public sealed class NodeInfo
{
    private readonly Dictionary<string, PodInfo> _pods;
    private Dictionary<string, long>? _images;

    public NodeInfo(string name, int slot)
    {
        (Name, Slot, _pods) = (name, slot, new(StringComparer.Ordinal));
        Requested = new();
        ScoringRequested = new();
    }

    private NodeInfo(NodeInfo other)
    {
        (Name, Slot, Node, Allocatable, AllowedPods, _images) = (other.Name, other.Slot, other.Node, other.Allocatable, other.AllowedPods, other._images);
        _pods = new(other._pods, StringComparer.Ordinal);
        (HostPorts, Disks, Claims, PodsWithAffinity) = (other.HostPorts, other.Disks, other.Claims, other.PodsWithAffinity);
        Requested = other.Requested.Copy();
        ScoringRequested = other.ScoringRequested.Copy();
    }

    public string Name { get; }

    /// <summary>A small number that is this node's alone while it exists; counts by node are arrays over it.</summary>
    public int Slot { get; }

    /// <summary>Null while only pods that name the node are known.</summary>
    public Node? Node { get; private set; }
    public ResourceAmounts Allocatable { get; private set; } = ResourceAmounts.Zero;
    public long AllowedPods { get; private set; }
    public ResourceTotals Requested { get; }
    public ResourceTotals ScoringRequested { get; }
    public Dictionary<string, PodInfo>.ValueCollection Pods => _pods.Values;
    public int PodCount => _pods.Count;
    public bool IsEmpty => Node is null && _pods.Count == 0;

    /// <summary>How many host ports are taken.</summary>
    public int HostPorts { get; private set; }

    /// <summary>How many pods here mount disks that cannot be shared.</summary>
    public int Disks { get; private set; }

    /// <summary>How many pods here mount claims.</summary>
    public int Claims { get; private set; }

    public int PodsWithAffinity { get; private set; }

    public bool HasImages => _images is not null;

    public string? Label(string key) => Node!.Metadata.Labels.GetValueOrDefault(key);

    public bool Has(string uid) => _pods.ContainsKey(uid);

    /// <summary>The size of an image that is on the node; 0: it is not.</summary>
    public long ImageSize(string image) => _images is null ? 0 : _images.GetValueOrDefault(image);

    public IEnumerable<string> Images => _images is null ? [] : _images.Keys;

    /// <summary>The same to look at what would be if; changing it changes nothing else.</summary>
    public NodeInfo Copy() => new(this);

    internal void Set(Node? node)
    {
        Node = node;
        Allocatable = node is null ? ResourceAmounts.Zero : ResourceAmounts.From(node.Status.Allocatable);
        AllowedPods = node is not null && node.Status.Allocatable.TryGetValue("pods", out var pods) ? pods.Value : 0;
        _images = null;
        if (node is null || node.Status.Images.Count == 0)
            return;
        _images = new(StringComparer.Ordinal);
        foreach (var image in node.Status.Images)
        {
            foreach (var name in image.Names)
                _images[name] = image.SizeBytes;
        }
    }

    internal void Add(PodInfo pod)
    {
        Remove(pod.Uid);
        _pods[pod.Uid] = pod;
        Count(pod, 1);
    }

    /// <summary>Takes a newer state of a pod that counts as it did before.</summary>
    /// <returns>False: it counts otherwise now, and nothing was done.</returns>
    internal bool Replace(PodInfo pod)
    {
        if (!_pods.TryGetValue(pod.Uid, out var before) || before.IsTerminating != pod.IsTerminating || before.Requests != pod.Requests
            || before.ScoringRequests != pod.ScoringRequests || before.Pod.Metadata.Labels != pod.Pod.Metadata.Labels)
            return false;
        _pods[pod.Uid] = pod;
        return true;
    }

    internal PodInfo? Remove(string uid)
    {
        if (!_pods.Remove(uid, out var pod))
            return null;
        Count(pod, -1);
        return pod;
    }

    private void Count(PodInfo pod, int by)
    {
        HostPorts += by * pod.HostPorts.Count;
        if (pod.HasDisks)
            Disks += by;
        if (pod.Claims.Count > 0)
            Claims += by;
        if (pod.RequiredAffinity.Count + pod.RequiredAntiAffinity.Count + pod.PreferredAffinity.Count > 0)
            PodsWithAffinity += by;
        Requested.Add(pod.Requests, by);
        ScoringRequested.Add(pod.ScoringRequests, by);
    }
}
