using System.Collections.Frozen;
using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.CustomResources;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>A group and version that a Service of the cluster serves.</summary>
internal sealed record AggregatedService(APIService Object)
{
    private const int DefaultPort = 443;

    public GroupVersion GroupVersion => new(Object.Spec.Group, Object.Spec.Version);

    public NamespacedName Service => new(Object.Spec.Service!.Namespace, Object.Spec.Service!.Name);

    public int Port => Object.Spec.Service!.Port ?? DefaultPort;

    /// <summary>The name that the server's certificate must have.</summary>
    public string ServerName => $"{Service.Name}.{Service.Namespace}.svc";

    /// <summary>What its condition says.</summary>
    public bool IsAvailable => Object.Status.Conditions.FirstOrDefault(c => c.Type == "Available") is { Status: "True" };
}

/// <summary>What was learned from such a server.</summary>
/// <param name="Resources">As it listed them last; null: it never did.</param>
/// <param name="IsFresh">The last question was answered.</param>
/// <param name="OpenApi">Where its documents of OpenAPI v3 are, by path.</param>
internal sealed record AggregatedKnowledge(APIResourceList? Resources, bool IsFresh, IReadOnlyDictionary<string, string> OpenApi)
{
    public static readonly AggregatedKnowledge None = new(null, false, FrozenDictionary<string, string>.Empty);
}

/// <summary>All groups and versions that others serve, at one moment. Immutable.</summary>
internal sealed class AggregatedGroups(
    IReadOnlyDictionary<GroupVersion, AggregatedService> services, IReadOnlyDictionary<GroupVersion, AggregatedKnowledge> knowledge)
{
    public static readonly AggregatedGroups None =
        new(FrozenDictionary<GroupVersion, AggregatedService>.Empty, FrozenDictionary<GroupVersion, AggregatedKnowledge>.Empty);

    public bool IsEmpty => services.Count == 0;

    public IEnumerable<AggregatedService> Services => services.Values;

    public AggregatedService? Find(GroupVersion version) => services.GetValueOrDefault(version);

    public AggregatedKnowledge KnowledgeOf(GroupVersion version) => knowledge.GetValueOrDefault(version, AggregatedKnowledge.None);

    public IEnumerable<string> Groups => services.Keys.Select(version => version.Group).Distinct(StringComparer.Ordinal);

    /// <summary>The priority of a group; null: nobody else serves a version of it.</summary>
    public int? PriorityOf(string group)
    {
        int? highest = null;
        foreach (var (version, service) in services)
            if (version.Group == group)
                highest = Math.Max(highest ?? 0, service.Object.Spec.GroupPriorityMinimum);
        return highest;
    }

    /// <summary>The versions of a group by preference, local ones among them.</summary>
    /// <param name="local">Those that this server serves itself, in their order.</param>
    /// <param name="priority">The priorities of those.</param>
    public IReadOnlyList<GroupVersion> VersionsOf(string group, IEnumerable<GroupVersion> local, Func<GroupVersion, int> priority)
    {
        var others = services.Values.Where(service => service.GroupVersion.Group == group).ToList();
        if (others.Count == 0)
            return [.. local];
        return
        [
            .. local.Where(version => !services.ContainsKey(version)).Select(version => (Version: version, Priority: priority(version)))
                .Concat(others.Select(service => (Version: service.GroupVersion, Priority: service.Object.Spec.VersionPriority)))
                .OrderByDescending(one => one.Priority).ThenBy(one => one.Version.Version, ApiVersionOrder.Instance).Select(one => one.Version),
        ];
    }
}
