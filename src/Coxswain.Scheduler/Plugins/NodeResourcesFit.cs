using Coxswain.Api.Core.V1;

namespace Coxswain.Scheduler.Plugins;

/// <summary>Lets only nodes through that have room for the pod's requests, and scores them by how full they would be.</summary>
internal sealed class NodeResourcesFit : IFilterPlugin, IScorePlugin
{
    // All that can be missing of what every node has, by bits, so that a full cluster costs no allocation for each node.
    private static readonly string[] Words = ["Too many pods", "Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage"];
    private static readonly Rejection[] Common = [.. Enumerable.Range(0, 32).Select(bits => new Rejection([.. Words.Where((_, i) => (bits & (1 << i)) != 0)], Resolvable: (bits & 16) == 0))];

    private readonly ResourceStrategy _strategy;
    private readonly IReadOnlySet<string> _ignored;
    private readonly IReadOnlySet<string> _ignoredGroups;

    public NodeResourcesFit(ResourceStrategy? strategy = null, IReadOnlySet<string>? ignored = null, IReadOnlySet<string>? ignoredGroups = null)
    {
        _strategy = strategy ?? ResourceStrategy.LeastAllocated(ResourceStrategy.DefaultResources);
        (_ignored, _ignoredGroups) = (ignored ?? new HashSet<string>(), ignoredGroups ?? new HashSet<string>());
        Interests =
        [
            new(EventKind.NodeAdded, (pod, change) => change.After is not Node node || CouldEverFit(pod, node)),
            // More room than before, of something that the pod wants.
            new(EventKind.NodeAllocatable, (pod, change) => change.After is not Node node || (CouldEverFit(pod, node) && change.Before is Node before && HasMore(pod, before, node))),
            // Every pod that leaves frees at least the place of one.
            new(EventKind.PodRemoved | EventKind.PodScaledDown),
        ];
    }

    public string Name => "NodeResourcesFit";

    public IReadOnlyList<Interest> Interests { get; }

    public Rejection? Filter(CycleContext cycle, NodeInfo node)
    {
        var wanted = cycle.Pod.Requests;
        var bits = node.PodCount + 1 > node.AllowedPods ? 1 : 0;
        bits |= Missing(wanted.MilliCpu, node.Allocatable.MilliCpu, node.Requested.MilliCpu, 2);
        bits |= Missing(wanted.Memory, node.Allocatable.Memory, node.Requested.Memory, 4);
        bits |= Missing(wanted.EphemeralStorage, node.Allocatable.EphemeralStorage, node.Requested.EphemeralStorage, 8);
        if (wanted.Extended.Count == 0)
            return bits == 0 ? null : Common[bits];

        List<string>? extended = null;
        foreach (var (name, amount) in wanted.Extended)
        {
            if (amount == 0 || IsIgnored(name))
                continue;
            var missing = Missing(amount, node.Allocatable.Extended.GetValueOrDefault(name), node.Requested.Extended(name), 32);
            if (missing == 0)
                continue;
            (extended ??= []).Add("Insufficient " + name);
            bits |= missing & 16;
        }

        if (extended is null)
            return bits == 0 ? null : Common[bits];
        return new([.. Common[bits].Reasons, .. extended], Resolvable: (bits & 16) == 0);
    }

    public bool PrepareScore(CycleContext cycle, IReadOnlyList<NodeInfo> nodes) => true;

    public long Score(CycleContext cycle, NodeInfo node) => _strategy.Score(cycle.Pod, node);

    // More than the node has in all: no pod that leaves could help (16).
    private static int Missing(long amount, long allocatable, long requested, int bit) =>
        amount <= 0 || amount <= allocatable - requested ? 0 : amount > allocatable ? bit | 16 : bit;

    private bool IsIgnored(string resource) =>
        _ignored.Contains(resource) || (resource.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && _ignoredGroups.Contains(resource[..slash]));

    private static bool CouldEverFit(PodInfo pod, Node node)
    {
        var has = ResourceAmounts.From(node.Status.Allocatable);
        return pod.Requests.MilliCpu <= has.MilliCpu && pod.Requests.Memory <= has.Memory && pod.Requests.EphemeralStorage <= has.EphemeralStorage
            && pod.Requests.Extended.All(e => e.Value <= has.Extended.GetValueOrDefault(e.Key));
    }

    private static bool HasMore(PodInfo pod, Node before, Node after)
    {
        var (had, has) = (ResourceAmounts.From(before.Status.Allocatable), ResourceAmounts.From(after.Status.Allocatable));
        return (pod.Requests.MilliCpu > 0 && has.MilliCpu > had.MilliCpu) || (pod.Requests.Memory > 0 && has.Memory > had.Memory)
            || (pod.Requests.EphemeralStorage > 0 && has.EphemeralStorage > had.EphemeralStorage)
            || pod.Requests.Extended.Keys.Any(k => has.Extended.GetValueOrDefault(k) > had.Extended.GetValueOrDefault(k))
            || after.Status.Allocatable.GetValueOrDefault("pods") > before.Status.Allocatable.GetValueOrDefault("pods");
    }
}
