namespace Coxswain.Scheduler;

/// <summary>Pods for which others were asked to leave a node: until they are placed, their room there counts as taken for pods that are not
/// more important. Only under the state's gate.</summary>
public sealed class Nominations
{
    private readonly Dictionary<string, (PodInfo Pod, string Node)> _byPod = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<PodInfo>> _byNode = new(StringComparer.Ordinal);

    public IReadOnlyList<PodInfo> On(string node) => _byNode.TryGetValue(node, out var pods) ? pods : [];

    public string? NodeOf(string uid) => _byPod.TryGetValue(uid, out var nomination) ? nomination.Node : null;

    public bool Any => _byPod.Count > 0;

    public void Set(PodInfo pod, string node)
    {
        Remove(pod.Uid);
        _byPod[pod.Uid] = (pod, node);
        if (!_byNode.TryGetValue(node, out var pods))
            _byNode[node] = pods = [];
        pods.Add(pod);
    }

    public void Remove(string uid)
    {
        if (!_byPod.Remove(uid, out var nomination))
            return;
        var pods = _byNode[nomination.Node];
        pods.RemoveAll(p => p.Uid == uid);
        if (pods.Count == 0)
            _byNode.Remove(nomination.Node);
    }
}
