using Coxswain.Client;
using Coxswain.Scheduler.Plugins;
using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler.Configuration;

/// <summary>What plug-ins are made from.</summary>
/// <param name="Api">Null: decisions only.</param>
public sealed record PluginHost(IApiClient? Api, TimeProvider Clock);

/// <summary>A plug-in: its name, where it can be asked, its default weight, and how it is made.</summary>
internal sealed record PluginEntry(string Name, string[] Points, int Weight, Func<PluginArguments, PluginHost, IPlugin> Make);

/// <summary>Every plug-in of the scheduler, in upstream's default order.</summary>
internal static class PluginTable
{
    private static readonly string[] FilterScore = ["preFilter", "filter", "preScore", "score"];

    public static IReadOnlyList<PluginEntry> All { get; } =
    [
        new("SchedulingGates", ["preEnqueue"], 0, (_, _) => new SchedulingGates()),
        new("PrioritySort", ["queueSort"], 0, (_, _) => new Named("PrioritySort")),
        new("NodeUnschedulable", ["filter"], 0, (_, _) => new NodeUnschedulable()),
        new("NodeName", ["filter"], 0, (_, _) => new NodeName()),
        new("TaintToleration", ["filter", "preScore", "score"], 3, (_, _) => new TaintToleration()),
        new("NodeAffinity", FilterScore, 2, (a, _) => new NodeAffinity(a.AddedAffinity)),
        new("NodePorts", ["preFilter", "filter"], 0, (_, _) => new NodePorts()),
        new("NodeResourcesFit", FilterScore, 1, (a, _) => new NodeResourcesFit(a.Strategy(), a.IgnoredResources, a.IgnoredResourceGroups)),
        new("VolumeRestrictions", ["preFilter", "filter"], 0, (_, _) => new VolumeRestrictions()),
        new("NodeVolumeLimits", ["preFilter", "filter"], 0, (_, _) => new NodeVolumeLimits()),
        new("VolumeBinding", ["preFilter", "filter", "reserve", "preBind", "preScore", "score"], 0, (a, h) => new VolumeBinding(h.Api, h.Clock, a.BindTimeout)),
        new("VolumeZone", ["preFilter", "filter"], 0, (_, _) => new VolumeZone()),
        new("PodTopologySpread", FilterScore, 2, (a, _) => new PodTopologySpread(a.DefaultConstraints)),
        new("InterPodAffinity", FilterScore, 2, (a, _) => new InterPodAffinity(a.HardPodAffinityWeight, a.IgnorePreferredTermsOfExistingPods)),
        new("DefaultPreemption", ["preEnqueue", "postFilter"], 0, (a, _) => new DefaultPreemption(a.MinCandidateNodesPercentage, a.MinCandidateNodesAbsolute)),
        new("NodeResourcesBalancedAllocation", ["preScore", "score"], 1, (a, _) => new NodeResourcesBalancedAllocation(a.BalancedResources)),
        new("ImageLocality", ["score"], 1, (_, _) => new ImageLocality()),
        new("DefaultBinder", ["bind"], 0, (_, _) => new Named("DefaultBinder")),
    ];

    public static PluginEntry? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>A plug-in whose work the scheduler does itself: it can be named, not left out.</summary>
    private sealed class Named(string name) : IPlugin
    {
        public string Name => name;
    }
}
