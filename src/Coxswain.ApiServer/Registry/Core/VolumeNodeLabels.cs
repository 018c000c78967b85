using Coxswain.Api;
using Coxswain.Api.Core.V1;

namespace Coxswain.ApiServer.Registry.Core;

/// <summary>The labels of zones and machines had other names once. A volume bound to them may be brought to the new names, and to nothing
/// else.</summary>
internal static class VolumeNodeLabels
{
    /// <summary>The old affinity, with new names where the updated one has them.</summary>
    public static VolumeNodeAffinity Renamed(VolumeNodeAffinity old, VolumeNodeAffinity? updated)
    {
        if (old.Required is not { } before || updated?.Required is not { } now || before.NodeSelectorTerms.Count != now.NodeSelectorTerms.Count)
            return old;
        var terms = before.NodeSelectorTerms;
        for (var i = 0; i < terms.Count; i++)
            terms = terms.SetItem(i, terms[i] with { MatchExpressions = Renamed(terms[i].MatchExpressions, now.NodeSelectorTerms[i].MatchExpressions) });
        return old with { Required = before with { NodeSelectorTerms = terms } };
    }

    private static ApiList<NodeSelectorRequirement> Renamed(ApiList<NodeSelectorRequirement> old, ApiList<NodeSelectorRequirement> updated)
    {
        for (var i = 0; i < old.Count && i < updated.Count; i++)
            if (NewName(old[i].Key) is { } name && updated[i].Key == name)
                old = old.SetItem(i, old[i] with { Key = name });
        return old;
    }

    private static string? NewName(string label) => label switch
    {
        "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        _ => null,
    };
}
