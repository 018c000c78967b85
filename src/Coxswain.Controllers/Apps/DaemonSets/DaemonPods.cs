using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers;

/// <summary>Where a DaemonSet's pods belong, and how they are made.</summary>
internal static class DaemonPods
{
    private const string Generation = "pod-template-generation";

    // What daemons live through that drives others away.
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        (NodeTaints.NotReady, TaintEffect.NoExecute),
        (NodeTaints.Unreachable, TaintEffect.NoExecute),
        ("node.kubernetes.io/disk-pressure", TaintEffect.NoSchedule),
        ("node.kubernetes.io/memory-pressure", TaintEffect.NoSchedule),
        ("node.kubernetes.io/pid-pressure", TaintEffect.NoSchedule),
        ("node.kubernetes.io/unschedulable", TaintEffect.NoSchedule),
    ];

    /// <summary>Whether a pod should be started on the node, and whether one that is there may stay.</summary>
    public static (bool Run, bool Stay) Judge(DaemonSet set, Node node)
    {
        var spec = set.Spec.Template.Spec;
        if (!NodeFit.Selects(spec, node))
            return (false, false);
        var tolerations = Tolerations(spec);
        return (NodeFit.Untolerated(tolerations, node, TaintEffect.NoSchedule, TaintEffect.NoExecute) is null,
            NodeFit.Untolerated(tolerations, node, TaintEffect.NoExecute) is null);
    }

    /// <summary>A pod for one node; the scheduler binds it, which takes part in its accounts that way.</summary>
    public static Pod Render(DaemonSet set, string node, string hash)
    {
        var pod = PodControl.FromTemplate(set.Spec.Template, set);
        var labels = pod.Metadata.Labels.With(RevisionHistory.HashLabel, hash)
            .With(Generation, set.Metadata.Generation.ToString(CultureInfo.InvariantCulture));
        return pod with
        {
            Metadata = pod.Metadata with { Labels = labels },
            Spec = pod.Spec with { Affinity = OnNode(pod.Spec.Affinity, node), Tolerations = Tolerations(pod.Spec) },
        };
    }

    /// <summary>The node that a pod is on or is meant for; empty: none is known.</summary>
    public static string NodeOf(Pod pod)
    {
        if (pod.Spec.NodeName.Length > 0)
            return pod.Spec.NodeName;
        foreach (var term in pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? default)
        {
            foreach (var field in term.MatchFields)
            {
                if (field is { Key: "metadata.name", Operator: NodeSelectorOperator.In, Values.Count: 1 })
                    return field.Values[0];
            }
        }
        return "";
    }

    private static Affinity OnNode(Affinity? affinity, string node)
    {
        var nodes = affinity?.NodeAffinity ?? NodeAffinity.Empty;
        NodeSelectorRequirement name = new() { Key = "metadata.name", Operator = NodeSelectorOperator.In, Values = [node] };
        // The template's own terms were judged for this very node; only the node is left to demand.
        return (affinity ?? Affinity.Empty) with
        {
            NodeAffinity = nodes with { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [new() { MatchFields = [name] }] } },
        };
    }

    private static ApiList<Toleration> Tolerations(PodSpec spec)
    {
        var wanted = spec.HostNetwork ? Tolerated.Append(("node.kubernetes.io/network-unavailable", TaintEffect.NoSchedule)) : Tolerated;
        var result = spec.Tolerations;
        foreach (var (key, effect) in wanted)
        {
            if (!result.Any(t => t.Key == key && t.Effect == effect && t.Operator == TolerationOperator.Exists))
                result = result.Add(new() { Key = key, Operator = TolerationOperator.Exists, Effect = effect });
        }
        return result;
    }
}
