using Coxswain.Api;
using Coxswain.ApiServer.Aggregation;

namespace Coxswain.ApiServer.Discovery;

/// <summary>In which order groups and versions stand in discovery: clients that know a resource only by name take the first that has
/// it. The numbers are upstream's; APIService objects repeat them.</summary>
internal static class GroupPriority
{
    /// <summary>The group of APIService objects, which comes before all others.</summary>
    public const string Aggregator = "apiregistration.k8s.io";

    /// <summary>The priority of the groups of custom resources.</summary>
    public const int Custom = 1000;

    /// <summary>The priority of the group, and of the version within it: higher comes first.</summary>
    public static (int Group, int Version) Of(GroupVersion version) => version.Group switch
    {
        "" => (18000, 1),
        "apps" => (17800, 15),
        "events.k8s.io" => (17750, 15),
        "authentication.k8s.io" => (17700, 15),
        "authorization.k8s.io" => (17600, 15),
        "autoscaling" => (17500, version.Version == "v2" ? 30 : 15),
        "batch" => (17400, 15),
        "certificates.k8s.io" => (17300, 15),
        "networking.k8s.io" => (17200, 15),
        "policy" => (17100, 15),
        "rbac.authorization.k8s.io" => (17000, 15),
        "storage.k8s.io" => (16800, 15),
        "apiextensions.k8s.io" or "admissionregistration.k8s.io" => (16700, 15),
        "scheduling.k8s.io" => (16600, 15),
        "coordination.k8s.io" => (16500, 15),
        "node.k8s.io" => (16300, 15),
        "discovery.k8s.io" => (16200, 15),
        "flowcontrol.apiserver.k8s.io" => (16100, 21),
        "resource.k8s.io" => (15900, 20),
        Aggregator => (20000, 15),
        _ => (Custom, 100),
    };

    /// <summary>The groups by priority, equal ones by name.</summary>
    /// <param name="others">Says the priorities of groups that others serve.</param>
    public static IEnumerable<string> Sort(IEnumerable<string> groups, AggregatedGroups others) => groups
        .OrderByDescending(group => Math.Max(others.PriorityOf(group) ?? 0, IsOurs(group, others) ? Of(new(group, "v1")).Group : 0))
        .ThenBy(group => group, StringComparer.Ordinal);

    // Of groups that only others serve nothing is known here.
    private static bool IsOurs(string group, AggregatedGroups others) => others.PriorityOf(group) is null || Of(new(group, "v1")).Group != Custom;
}
