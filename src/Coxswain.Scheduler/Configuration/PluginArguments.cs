using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Plugins;

namespace Coxswain.Scheduler.Configuration;

/// <summary>The arguments of plug-ins, with upstream's defaults.</summary>
public sealed record PluginArguments
{
    public int MinCandidateNodesPercentage { get; init; } = 10;
    public int MinCandidateNodesAbsolute { get; init; } = 100;
    public int HardPodAffinityWeight { get; init; } = 1;
    public bool IgnorePreferredTermsOfExistingPods { get; init; }
    public Api.Core.V1.NodeAffinity? AddedAffinity { get; init; }
    public IReadOnlySet<string> IgnoredResources { get; init; } = new HashSet<string>();
    public IReadOnlySet<string> IgnoredResourceGroups { get; init; } = new HashSet<string>();

    /// <summary>LeastAllocated, MostAllocated or RequestedToCapacityRatio.</summary>
    public string ScoringStrategy { get; init; } = "LeastAllocated";
    public IReadOnlyList<ResourceWeight> ScoringResources { get; init; } = ResourceStrategy.DefaultResources;
    public IReadOnlyList<UtilizationPoint> Shape { get; init; } = [];
    public IReadOnlyList<ResourceWeight> BalancedResources { get; init; } = ResourceStrategy.DefaultResources;

    /// <summary>Null: upstream's own (defaultingType System).</summary>
    public IReadOnlyList<TopologySpreadConstraint>? DefaultConstraints { get; init; }
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromSeconds(600);

    internal ResourceStrategy Strategy() => ScoringStrategy switch
    {
        "MostAllocated" => ResourceStrategy.MostAllocated(ScoringResources),
        "RequestedToCapacityRatio" => ResourceStrategy.RequestedToCapacityRatio(ScoringResources, Shape),
        _ => ResourceStrategy.LeastAllocated(ScoringResources),
    };
}
