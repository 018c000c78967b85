using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler;

/// <summary>What the scheduler knows of nodes and the pods on them, its own decisions that the API does not show yet included.</summary>
/// <remarks>Everything under <see cref="Gate"/>: informers' handlers change it for moments, and one scheduling cycle reads it as a whole. A
/// decision is <em>assumed</em> at once, so that the next pod is placed around it, and is confirmed by the pod's own event or forgotten when
/// binding fails.</remarks>
public sealed class ClusterState
{
    private readonly Dictionary<string, NodeInfo> _nodes = new(StringComparer.Ordinal);
    private readonly List<NodeInfo> _list = [];
    private readonly Dictionary<string, (string Node, bool Assumed)> _placed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ApiMap<string>> _namespaces = new(StringComparer.Ordinal);

    public Lock Gate { get; } = new();

    /// <summary>Nodes that exist. Only under <see cref="Gate"/>.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _list;

    public ApiMap<string> NamespaceLabels(string ns) => _namespaces.GetValueOrDefault(ns);

    public void SetNamespace(Namespace ns)
    {
        lock (Gate)
            _namespaces[ns.Metadata.Name] = ns.Metadata.Labels;
    }

    public void RemoveNamespace(string ns)
    {
        lock (Gate)
            _namespaces.Remove(ns);
    }

    public void SetNode(Node node)
    {
        lock (Gate)
        {
            var info = GetOrAdd(node.Metadata.Name);
            if (info.Node is null)
                _list.Add(info);
            info.Set(node);
        }
    }

    public void RemoveNode(string name)
    {
        lock (Gate)
        {
            if (!_nodes.TryGetValue(name, out var info))
                return;
            info.Set(null);
            _list.Remove(info);
            DropIfEmpty(info);
        }
    }

    /// <summary>Takes in a pod that the API shows on a node.</summary>
    public void SetPod(PodInfo pod)
    {
        lock (Gate)
        {
            if (_placed.TryGetValue(pod.Uid, out var placed) && placed.Node != pod.Pod.Spec.NodeName)
                Take(pod.Uid, placed.Node);
            _placed[pod.Uid] = (pod.Pod.Spec.NodeName, Assumed: false);
            GetOrAdd(pod.Pod.Spec.NodeName).Add(pod);
        }
    }

    /// <summary>The pod is gone or has ended: its room is free.</summary>
    /// <returns>Whether it had room.</returns>
    public bool RemovePod(string uid)
    {
        lock (Gate)
        {
            if (!_placed.TryGetValue(uid, out var placed))
                return false;
            Take(uid, placed.Node);
            return true;
        }
    }

    /// <summary>Counts a pod as being on a node from now on. Only under <see cref="Gate"/>.</summary>
    public void Assume(PodInfo pod, string node)
    {
        _placed[pod.Uid] = (node, Assumed: true);
        GetOrAdd(node).Add(pod);
    }

    /// <summary>Binding failed: the room is free again, unless the API has shown the pod there meanwhile.</summary>
    public void Forget(string uid)
    {
        lock (Gate)
        {
            if (_placed.TryGetValue(uid, out var placed) && placed.Assumed)
                Take(uid, placed.Node);
        }
    }

    /// <summary>Whether the pod has room on a node, by the API's word or by ours.</summary>
    public bool IsPlaced(string uid)
    {
        lock (Gate)
            return _placed.ContainsKey(uid);
    }

    private NodeInfo GetOrAdd(string name)
    {
        if (!_nodes.TryGetValue(name, out var info))
            _nodes[name] = info = new(name);
        return info;
    }

    private void Take(string uid, string node)
    {
        _placed.Remove(uid);
        if (!_nodes.TryGetValue(node, out var info))
            return;
        info.Remove(uid);
        DropIfEmpty(info);
    }

    private void DropIfEmpty(NodeInfo info)
    {
        if (info.IsEmpty)
            _nodes.Remove(info.Name);
    }
}
