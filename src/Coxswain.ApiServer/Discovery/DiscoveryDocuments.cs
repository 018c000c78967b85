using System.Security.Cryptography;
using System.Text;
using Coxswain.Api;
using Coxswain.Api.ApiDiscovery.V2;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Aggregation;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Discovery;

/// <summary>The documents that tell which groups, versions and resources are served. Made when they are first asked for, and anew
/// when something comes or goes.</summary>
internal sealed class DiscoveryDocuments(RegistryTable registries, AggregatedApi aggregated, Func<string> address)
{
    private DiscoverySnapshot? _last;

    /// <summary>The documents of what is served now.</summary>
    public DiscoverySnapshot Current
    {
        get
        {
            var (served, others) = (registries.Served, aggregated.Current);
            var last = Volatile.Read(ref _last);
            if (last is not null && ReferenceEquals(last.Served, served) && ReferenceEquals(last.Others, others))
                return last;
            last = new(served, others, address);
            Volatile.Write(ref _last, last);
            return last;
        }
    }

    /// <summary>Completes when it is known what is served.</summary>
    public async ValueTask ReadyAsync(CancellationToken cancellation)
    {
        await registries.Custom.ReadyAsync(cancellation);
        await aggregated.ReadyAsync(cancellation);
    }

    /// <summary>False: it is known, and switched off.</summary>
    public bool Serves(GroupVersionResource resource) =>
        registries.Config.IsEmpty || registries.Find(resource) is not { } registry || registry.IsCustom || registries.Config.IsServed(registry.Descriptor);

    /// <summary>The version in which a resource is stored, as a hash: the same for all servers that store it alike.</summary>
    public static string StorageVersionHash(GroupVersionKind stored) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{stored.Group}/{stored.Version}/{stored.Kind}")).AsSpan(0, 8));
}

/// <summary>The documents of discovery for what is served at one moment. Immutable.</summary>
internal sealed class DiscoverySnapshot(ServedResources served, AggregatedGroups others, Func<string> address)
{
    private readonly Lazy<ILookup<GroupVersion, ResourceRegistry>> _byVersion =
        new(() => served.All.ToLookup(r => r.Descriptor.Kind.GroupVersion));

    public ServedResources Served => served;

    /// <summary>What others serve.</summary>
    public AggregatedGroups Others => others;

    /// <summary>The groups but the core one, in order of priority.</summary>
    public IReadOnlyList<string> Groups => field ??= [.. served.All.Select(r => r.Descriptor.Kind.Group).Where(g => g.Length > 0).Concat(others.Groups).Distinct()];

    public APIVersions CoreVersions() => new()
    {
        Versions = ["v1"],
        ServerAddressByClientCIDRs = [new() { ClientCIDR = "0.0.0.0/0", ServerAddress = address() }],
    };

    public APIGroupList GroupList() => new() { Groups = [.. GroupPriority.Sort(Groups, others).Select(Group)] };

    public APIGroup? FindGroup(string group) => Groups.Contains(group) ? Group(group) : null;

    public APIResourceList? FindResources(GroupVersion version)
    {
        var registries = _byVersion.Value[version];
        if (!registries.Any())
            return null;
        var resources = registries.SelectMany(Resources);
        return new()
        {
            GroupVersion = version.ApiVersion,
            Resources = [.. served.CustomGroups.Contains(version.Group) ? resources : resources.OrderBy(r => r.Name, StringComparer.Ordinal)],
        };
    }

    /// <summary>Aggregated discovery of the core group, or of all others.</summary>
    public APIGroupDiscoveryList Aggregated(bool core) => new()
    {
        Items =
        [
            .. (core ? [""] : GroupPriority.Sort(Groups, others)).Select(group => new APIGroupDiscovery
            {
                Metadata = new() { Name = group },
                Versions = [.. VersionsOf(group).Select(version => others.Find(version) is not null ? AggregatedVersion.Of(version, others.KnowledgeOf(version)) : new APIVersionDiscovery
                {
                    Version = version.Version,
                    Freshness = "Current",
                    Resources = [.. _byVersion.Value[version].Select(r => r.Descriptor).OrderBy(d => d.Plural, StringComparer.Ordinal).Select(Aggregated)],
                })],
            }),
        ],
    };

    private IEnumerable<GroupVersion> VersionsOf(string group) =>
        others.VersionsOf(group, served.All.Select(r => r.Descriptor.Kind.GroupVersion).Where(v => v.Group == group).Distinct(), version => GroupPriority.Of(version).Version);

    private APIGroup Group(string group)
    {
        var versions = VersionsOf(group).Select(v => new GroupVersionForDiscovery { GroupVersion = v.ApiVersion, Version = v.Version }).ToList();
        return new() { Name = group, Versions = [.. versions], PreferredVersion = versions[0] };
    }

    private static IEnumerable<APIResource> Resources(ResourceRegistry registry)
    {
        var descriptor = registry.Descriptor;
        yield return new()
        {
            Name = descriptor.Plural,
            SingularName = descriptor.Singular,
            Namespaced = descriptor.Namespaced,
            Kind = descriptor.Kind.Kind,
            Verbs = descriptor.Verbs,
            ShortNames = descriptor.ShortNames,
            Categories = descriptor.Categories,
            StorageVersionHash = descriptor.HasVerb("get") ? DiscoveryDocuments.StorageVersionHash(registry.StoredKind) : "",
        };
        foreach (var subresource in descriptor.Subresources)
        {
            var foreign = subresource.Kind.GroupVersion != descriptor.Kind.GroupVersion;
            yield return new()
            {
                Name = $"{descriptor.Plural}/{subresource.Name}",
                Namespaced = descriptor.Namespaced,
                Group = foreign ? subresource.Kind.Group : "",
                Version = foreign ? subresource.Kind.Version : "",
                Kind = subresource.Kind.Kind,
                Verbs = subresource.Verbs,
            };
        }
    }

    private static APIResourceDiscovery Aggregated(ResourceDescriptor descriptor) => new()
    {
        Resource = descriptor.Plural,
        ResponseKind = ResponseKind(descriptor.Kind),
        Scope = descriptor.Namespaced ? "Namespaced" : "Cluster",
        SingularResource = descriptor.Singular,
        Verbs = descriptor.Verbs,
        ShortNames = descriptor.ShortNames,
        Categories = descriptor.Categories,
        Subresources =
        [
            .. descriptor.Subresources.OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => new APISubresourceDiscovery
            {
                Subresource = s.Name,
                ResponseKind = ResponseKind(s.Kind),
                Verbs = s.Verbs,
            }),
        ],
    };

    private static GroupVersionKindReference ResponseKind(GroupVersionKind kind) => new() { Group = kind.Group, Version = kind.Version, Kind = kind.Kind };
}
