using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.ApiRegistration.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.FlowControl.V1;
using Coxswain.Api.Networking.V1;
using Coxswain.Api.Scheduling.V1;
using Coxswain.ApiServer.Discovery;

namespace Coxswain.ApiServer.Bootstrap;

/// <summary>The objects, roles apart, that every cluster has from the start.</summary>
internal static class DefaultObjects
{
    public static IEnumerable<Namespace> Namespaces() =>
        new[] { "default", "kube-node-lease", "kube-public", "kube-system" }.Select(name => new Namespace { Metadata = new() { Name = name } });

    public static IEnumerable<PriorityClass> PriorityClasses() =>
    [
        new()
        {
            Metadata = new() { Name = "system-cluster-critical" },
            Value = 2_000_000_000,
            Description = "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        },
        new()
        {
            Metadata = new() { Name = "system-node-critical" },
            Value = 2_000_001_000,
            Description = "Used for system critical pods that must not be moved from their current node.",
        },
    ];

    public static ServiceCIDR ServiceCidr(string range) => new()
    {
        Metadata = new() { Name = "kubernetes" },
        Spec = new() { Cidrs = [.. range.Split(',')] },
    };

    /// <summary>What extension API servers need to believe our requests.</summary>
    public static ConfigMap ExtensionAuthentication(string clientCa, string requestHeaderCa, ApiServerOptions options)
    {
        var data = ApiMap.Of("client-ca-file", clientCa);
        if (requestHeaderCa.Length > 0)
        {
            data = data.With("requestheader-client-ca-file", requestHeaderCa)
                .With("requestheader-allowed-names", List(options.RequestHeaderAllowedNames))
                .With("requestheader-extra-headers-prefix", List(options.RequestHeaderExtraHeadersPrefix))
                .With("requestheader-group-headers", List(options.RequestHeaderGroupHeaders))
                .With("requestheader-uid-headers", List(options.RequestHeaderUidHeaders))
                .With("requestheader-username-headers", List(options.RequestHeaderUsernameHeaders));
        }

        return new() { Metadata = new() { Name = "extension-apiserver-authentication", Namespace = "kube-system" }, Data = data };
    }

    private static string List(IReadOnlyList<string> values) => $"[{string.Join(',', values.Select(GoText.Quote))}]";

    /// <summary>One for each group and version that this server itself serves, but for that of these very objects: upstream has none,
    /// because its aggregator serves the group itself.</summary>
    public static IEnumerable<APIService> ApiServices(IEnumerable<ResourceDescriptor> served)
    {
        foreach (var version in served.Select(d => d.Kind.GroupVersion).Distinct().Where(v => v.Group != GroupPriority.Aggregator))
        {
            var (group, priority) = (version.Group, GroupPriority.Of(version));
            yield return new()
            {
                Metadata = new()
                {
                    Name = $"{version.Version}.{group}",
                    Labels = ApiMap.Of("kube-aggregator.kubernetes.io/automanaged", "onstart"),
                },
                Spec = new() { Group = group, Version = version.Version, GroupPriorityMinimum = priority.Group, VersionPriority = priority.Version },
            };
        }
    }

    public static APIServiceStatus Available(DateTimeOffset now) => new()
    {
        Conditions =
        [
            new()
            {
                Type = "Available",
                Status = "True",
                LastTransitionTime = now,
                Reason = "Local",
                Message = "Local APIServices are always available",
            },
        ],
    };

    public static (IReadOnlyList<PriorityLevelConfiguration> Levels, IReadOnlyList<FlowSchema> Schemas) FlowControl()
    {
        using var facts = EmbeddedData.Open("flowcontrol.json");
        var levels = EmbeddedData.Objects<PriorityLevelConfiguration>(facts.RootElement.GetProperty("prioritylevelconfigurations")).ToList();
        var shares = facts.RootElement.GetProperty("prioritylevelconfigurations").EnumerateArray().ToDictionary(
            l => l.GetProperty("metadata").GetProperty("name").GetString()!, SharesOf, StringComparer.Ordinal);
        var schemas = EmbeddedData.Objects<FlowSchema>(facts.RootElement.GetProperty("flowschemas"));
        return (
            [.. levels.Select(l => WithShares(l with { Status = new() }, shares[l.Metadata.Name])), .. NewLevels()],
            [.. schemas.Select(s => s with { Status = new() })]);
    }

    // v1beta1 called them "assured", v1 calls them "nominal".
    private static int? SharesOf(JsonElement level) =>
        level.GetProperty("spec").TryGetProperty("limited", out var limited) && limited.TryGetProperty("assuredConcurrencyShares", out var shares)
            ? shares.GetInt32()
            : null;

    private static PriorityLevelConfiguration WithShares(PriorityLevelConfiguration level, int? shares) => level.Spec.Limited is { } limited && shares is not null
        ? level with { Spec = level.Spec with { Limited = limited with { NominalConcurrencyShares = shares, LendablePercent = limited.LendablePercent ?? 0 } } }
        : level.Spec.Type == "Exempt"
            ? level with { Spec = level.Spec with { Exempt = new() { NominalConcurrencyShares = 0, LendablePercent = 0 } } }
            : level;

    private static IEnumerable<PriorityLevelConfiguration> NewLevels() =>
    [
        new()
        {
            Metadata = new() { Name = "node-high" },
            Spec = new()
            {
                Type = "Limited",
                Limited = new()
                {
                    NominalConcurrencyShares = 40,
                    LendablePercent = 25,
                    LimitResponse = new() { Type = "Queue", Queuing = new() { Queues = 64, HandSize = 6, QueueLengthLimit = 50 } },
                },
            },
        },
    ];

    /// <summary>The Service through which pods reach this server.</summary>
    public static Service KubernetesService(string range, int targetPort) => new()
    {
        Metadata = new()
        {
            Name = "kubernetes",
            Namespace = "default",
            Labels = new Dictionary<string, string> { ["component"] = "apiserver", ["provider"] = "kubernetes" }.ToApiMap(),
        },
        Spec = new()
        {
            Type = "ClusterIP",
            ClusterIP = ApiServerPki.FirstServiceAddress(range.Split(',')[0]).ToString(),
            ClusterIPs = [ApiServerPki.FirstServiceAddress(range.Split(',')[0]).ToString()],
            IpFamilies = ["IPv4"],
            IpFamilyPolicy = "SingleStack",
            SessionAffinity = "None",
            Ports = [new() { Name = "https", Protocol = "TCP", Port = 443, TargetPort = targetPort }],
        },
    };
}
