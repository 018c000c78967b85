using Coxswain.Api;
using Coxswain.Api.ApiDiscovery.V2;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Aggregation;

namespace Coxswain.ApiServer.Discovery;

/// <summary>A version that another server serves, as aggregated discovery shows it: made of that server's plain list of resources.</summary>
internal static class AggregatedVersion
{
    public static APIVersionDiscovery Of(GroupVersion version, AggregatedKnowledge known) => new()
    {
        Version = version.Version,
        Freshness = known.IsFresh ? "Current" : "Stale",
        Resources = known.Resources is { } list ? [.. Resources(version, list)] : [],
    };

    private static IEnumerable<APIResourceDiscovery> Resources(GroupVersion version, APIResourceList list)
    {
        var parts = list.Resources.Where(r => r.Name.Contains('/', StringComparison.Ordinal)).ToLookup(r => r.Name[..r.Name.IndexOf('/', StringComparison.Ordinal)], StringComparer.Ordinal);
        var whole = list.Resources.Where(r => !r.Name.Contains('/', StringComparison.Ordinal)).ToDictionary(r => r.Name, StringComparer.Ordinal);

        // A server may have a part of a resource and not the resource.
        foreach (var name in whole.Keys.Concat(parts.Select(p => p.Key)).Distinct(StringComparer.Ordinal))
        {
            var resource = whole.GetValueOrDefault(name);
            yield return new()
            {
                Resource = name,
                ResponseKind = resource is null ? null : KindOf(version, resource),
                Scope = (resource ?? parts[name].First()).Namespaced ? "Namespaced" : "Cluster",
                SingularResource = resource?.SingularName ?? "",
                Verbs = resource?.Verbs ?? default,
                ShortNames = resource?.ShortNames ?? default,
                Categories = resource?.Categories ?? default,
                Subresources =
                [
                    .. parts[name].Select(part => new APISubresourceDiscovery
                    {
                        Subresource = part.Name[(name.Length + 1)..],
                        ResponseKind = KindOf(version, part),
                        Verbs = part.Verbs,
                    }),
                ],
            };
        }
    }

    private static GroupVersionKindReference KindOf(GroupVersion version, APIResource resource) => new()
    {
        Group = resource.Group.Length > 0 || resource.Version.Length > 0 ? resource.Group : version.Group,
        Version = resource.Version.Length > 0 ? resource.Version : version.Version,
        Kind = resource.Kind,
    };
}
