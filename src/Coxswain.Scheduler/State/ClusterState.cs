using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Volumes;

namespace Coxswain.Scheduler;

/// <summary>What the scheduler knows of nodes and the pods on them, its own decisions that the API does not show yet included.</summary>
/// <remarks>Everything under <see cref="Gate"/>: informers' handlers change it for moments, and one scheduling cycle reads it as a whole, so
/// that no copy of it is ever made. A decision is <em>assumed</em> at once, so that the next pod is placed around it, and is confirmed by the
/// pod's own event or forgotten when binding fails.</remarks>
public sealed class ClusterState
{
    private readonly Dictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (NodeInfo Node, bool Assumed)> _placed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ApiMap<string>> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _images = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _nodesWithLabel = new(StringComparer.Ordinal);
    private readonly Stack<int> _freeSlots = new();
    private List<NodeInfo>? _order = [];
    private int _slots;

    public ClusterState()
    {
        Index = new(this);
        Nominations = new();
        Volumes = new();
        Owners = new();
    }

    public Lock Gate { get; } = new();

    /// <summary>Nodes that exist, zone by zone in turn. Only under <see cref="Gate"/>.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _order ??= InTurn();

    /// <summary>Those too that only pods name.</summary>
    public IEnumerable<NodeInfo> AllNodes => _nodes.Values;

    public AffinityIndex Index { get; }

    /// <summary>Pods for which room was made on a node.</summary>
    public Nominations Nominations { get; }

    /// <summary>Claims, volumes and their classes.</summary>
    public VolumeState Volumes { get; }

    /// <summary>Services and sets that pods belong to.</summary>
    public PodOwners Owners { get; }

    /// <summary>How many nodes have taints that keep pods away.</summary>
    public int TaintedNodes { get; private set; }

    public ApiMap<string> NamespaceLabels(string ns) => _namespaces.GetValueOrDefault(ns);

    /// <summary>How many nodes have an image.</summary>
    public int NodesWithImage(string image) => _images.GetValueOrDefault(image);

    public bool AnyImages => _images.Count > 0;

    /// <summary>Whether every node has a label.</summary>
    public bool AllNodesHave(string label)
    {
        if (!_nodesWithLabel.TryGetValue(label, out var with))
        {
            // Followed from now on: topology keys are few.
            _nodesWithLabel[label] = with = Nodes.Count(n => n.Label(label) is not null);
        }

        return with == Nodes.Count;
    }

    public NodeInfo? Find(string node) => _nodes.TryGetValue(node, out var info) && info.Node is not null ? info : null;

    public void SetNamespace(Namespace ns)
    {
        lock (Gate)
        {
            if (_namespaces.TryGetValue(ns.Metadata.Name, out var before) && before.Equals(ns.Metadata.Labels))
                return;
            _namespaces[ns.Metadata.Name] = ns.Metadata.Labels;
            Index.NamespacesChanged();
        }
    }

    public void RemoveNamespace(string ns)
    {
        lock (Gate)
        {
            _namespaces.Remove(ns);
            Index.NamespacesChanged();
        }
    }

    public void SetNode(Node node)
    {
        lock (Gate)
            Change(GetOrAdd(node.Metadata.Name), node);
    }

    public void RemoveNode(string name)
    {
        lock (Gate)
        {
            if (!_nodes.TryGetValue(name, out var info))
                return;
            Change(info, null);
            DropIfEmpty(info);
        }
    }

    /// <summary>Takes in a pod that the API shows on a node.</summary>
    public void SetPod(PodInfo pod)
    {
        lock (Gate)
        {
            Nominations.Remove(pod.Uid);
            if (_placed.TryGetValue(pod.Uid, out var placed) && placed.Node.Name == pod.Pod.Spec.NodeName && placed.Node.Replace(pod))
            {
                _placed[pod.Uid] = (placed.Node, Assumed: false);
                return;
            }

            Take(pod.Uid);
            Put(pod, pod.Pod.Spec.NodeName, assumed: false);
        }
    }

    /// <summary>The pod is gone or has ended: its room is free.</summary>
    /// <returns>Whether it had room.</returns>
    public bool RemovePod(string uid)
    {
        lock (Gate)
        {
            Nominations.Remove(uid);
            return Take(uid);
        }
    }

    /// <summary>Counts a pod as being on a node from now on. Only under <see cref="Gate"/>.</summary>
    public void Assume(PodInfo pod, string node)
    {
        Take(pod.Uid);
        Put(pod, node, assumed: true);
        Nominations.Remove(pod.Uid);
    }

    /// <summary>Binding failed: the room is free again, unless the API has shown the pod there meanwhile.</summary>
    public void Forget(string uid)
    {
        lock (Gate)
        {
            if (_placed.TryGetValue(uid, out var placed) && placed.Assumed)
                Take(uid);
        }
    }

    /// <summary>Whether the pod has room on a node, by the API's word or by ours.</summary>
    public bool IsPlaced(string uid)
    {
        lock (Gate)
            return _placed.ContainsKey(uid);
    }

    private void Change(NodeInfo info, Node? node)
    {
        if (info.Node is { } before)
        {
            Index.CountNode(info, -1);
            CountImages(info, -1);
            CountLabels(before, -1);
            TaintedNodes -= KeepsAway(before) ? 1 : 0;
            if (node is null || before.Metadata.Labels.GetValueOrDefault(ZoneLabel) != node.Metadata.Labels.GetValueOrDefault(ZoneLabel))
                _order = null;
        }
        else
        {
            _order = null;
        }

        info.Set(node);
        if (node is null)
            return;
        Index.CountNode(info, 1);
        CountImages(info, 1);
        CountLabels(node, 1);
        TaintedNodes += KeepsAway(node) ? 1 : 0;
    }

    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private static bool KeepsAway(Node node)
    {
        foreach (var taint in node.Spec.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute")
                return true;
        }

        return false;
    }

    private void CountLabels(Node node, int by)
    {
        if (_nodesWithLabel.Count > 1000)
            _nodesWithLabel.Clear();
        foreach (var key in _nodesWithLabel.Keys.ToList())
        {
            if (node.Metadata.Labels.ContainsKey(key))
                _nodesWithLabel[key] += by;
        }
    }

    private void CountImages(NodeInfo info, int by)
    {
        if (!info.HasImages)
            return;
        foreach (var image in info.Images)
        {
            var count = _images.GetValueOrDefault(image) + by;
            if (count == 0)
                _images.Remove(image);
            else
                _images[image] = count;
        }
    }

    /// <summary>One node of each zone after the other, so that a search that ends early has seen all zones.</summary>
    private List<NodeInfo> InTurn()
    {
        var zones = _nodes.Values.Where(n => n.Node is not null).OrderBy(n => n.Slot)
            .GroupBy(n => n.Label("topology.kubernetes.io/region") + "/" + n.Label(ZoneLabel)).Select(z => z.ToList()).ToList();
        var order = new List<NodeInfo>(_nodes.Count);
        for (var i = 0; zones.Count > 0; i++)
        {
            zones.RemoveAll(z => z.Count <= i);
            order.AddRange(zones.Select(z => z[i]));
        }

        return order;
    }

    private NodeInfo GetOrAdd(string name)
    {
        if (!_nodes.TryGetValue(name, out var info))
            _nodes[name] = info = new(name, _freeSlots.TryPop(out var slot) ? slot : _slots++);
        return info;
    }

    private void Put(PodInfo pod, string node, bool assumed)
    {
        var info = GetOrAdd(node);
        _placed[pod.Uid] = (info, assumed);
        info.Add(pod);
        Index.Count(info, pod, 1);
        Volumes.CountClaims(pod, 1);
    }

    private bool Take(string uid)
    {
        if (!_placed.Remove(uid, out var placed))
            return false;
        if (placed.Node.Remove(uid) is { } pod)
        {
            Index.Count(placed.Node, pod, -1);
            Volumes.CountClaims(pod, -1);
        }

        DropIfEmpty(placed.Node);
        return true;
    }

    private void DropIfEmpty(NodeInfo info)
    {
        if (!info.IsEmpty)
            return;
        _nodes.Remove(info.Name);
        _freeSlots.Push(info.Slot);
    }
}
