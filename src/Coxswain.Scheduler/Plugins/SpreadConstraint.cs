using Coxswain.Api.Core.V1;
using Coxswain.Api.Selectors;

namespace Coxswain.Scheduler.Plugins;

/// <summary>One constraint of topology spread, compiled for one pod.</summary>
internal sealed class SpreadConstraint
{
    private readonly string _namespace;
    private readonly Selector _selector;
    private readonly bool _honorsAffinity;
    private readonly bool _honorsTaints;

    public SpreadConstraint(PodInfo pod, TopologySpreadConstraint source, Selector? selector = null)
    {
        Source = source;
        _namespace = pod.Pod.Metadata.Namespace;
        _selector = selector ?? Compile(pod.Pod, source);
        _honorsAffinity = (source.NodeAffinityPolicy ?? "Honor") == "Honor";
        _honorsTaints = source.NodeTaintsPolicy == "Honor";
        MatchesSelf = _selector.Matches(pod.Pod.Metadata.Labels);
    }

    public TopologySpreadConstraint Source { get; }
    public string Key => Source.TopologyKey;
    public bool MatchesSelf { get; }

    public bool Matches(PodInfo other) => other.Pod.Metadata.Namespace == _namespace && !other.IsTerminating && _selector.Matches(other.Pod.Metadata.Labels);

    /// <summary>The pods that are spread together, without those that are going.</summary>
    public PodGroup Group(ClusterState cluster) => cluster.Index.Group($"spread|{_namespace}|{(_selector.IsNothing ? "!" : _selector.ToString())}", Matches);

    /// <summary>Whether every node's domain counts, without looking at the nodes.</summary>
    public bool CountsEveryNode(CycleContext cycle) =>
        (!_honorsAffinity || !NodeAffinity.AsksForNodes(cycle.Pod.Pod)) && (!_honorsTaints || cycle.Cluster.TaintedNodes == 0);

    /// <summary>KEP-3094: whether a node's domain counts.</summary>
    public bool Counts(CycleContext cycle, NodeInfo node) =>
        (!_honorsAffinity || NodeAffinity.Matches(cycle.Pod.Pod, node.Node!))
        && (!_honorsTaints || Tolerations.Untolerated(node.Node!, cycle.Pod.Pod) is null);

    private static Selector Compile(Pod pod, TopologySpreadConstraint source)
    {
        if (source.LabelSelector is null)
            return Selector.Nothing;
        var selector = Selector.From(source.LabelSelector);
        if (source.MatchLabelKeys.Count == 0)
            return selector;
        var requirements = selector.Requirements.ToList();
        foreach (var key in source.MatchLabelKeys)
        {
            if (pod.Metadata.Labels.TryGetValue(key, out var value))
                requirements.Add(Selector.Parse($"{key} in ({value})").Requirements[0]);
        }

        return Selector.FromRequirements(requirements);
    }
}
