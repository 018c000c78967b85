using System.Text;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Plugins;

namespace Coxswain.Scheduler.Configuration;

/// <summary>Reads a KubeSchedulerConfiguration of <c>kubescheduler.config.k8s.io/v1</c>, YAML or JSON, with upstream's defaults and rules.</summary>
public static class ConfigurationReader
{
    private const string Group = "kubescheduler.config.k8s.io/";

    /// <exception cref="ConfigurationException">It cannot be read or says what cannot be; all faults at once.</exception>
    public static SchedulerConfiguration Read(ReadOnlyMemory<byte> text)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(YamlConverter.ToJson(text));
        }
        catch (Exception e) when (e is DecodeException or JsonException)
        {
            throw new ConfigurationException(e.Message, e);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ConfigurationException("the scheduler's configuration is not an object");
            var faults = new List<string>();
            var root = new ConfigurationNode(document.RootElement, "", faults);
            var (version, kind) = (root.Text("apiVersion"), root.Text("kind"));
            if (version.Length == 0 || kind.Length == 0)
                throw new ConfigurationException($"Object '{(kind.Length == 0 ? "Kind" : "apiVersion")}' is missing in the scheduler's configuration");
            if (version != Group + "v1" || kind != "KubeSchedulerConfiguration")
                throw new ConfigurationException($"no kind \"{kind}\" is registered for version \"{version}\"; there is KubeSchedulerConfiguration of {Group}v1");
            var configuration = Read(root, faults);
            if (faults.Count > 0)
                throw new ConfigurationException("strict decoding error: " + string.Join(", ", faults));
            return configuration;
        }
    }

    private static SchedulerConfiguration Read(ConfigurationNode root, List<string> faults)
    {
        // Known to upstream and of no meaning here, where the scheduler is a module: how it would reach the API server, lead and be looked at.
        foreach (var name in new[] { "clientConnection", "leaderElection", "enableProfiling", "enableContentionProfiling", "delayCacheUntilActive" })
            _ = root[name];
        var raw = new RawConfiguration
        {
            Parallelism = root.Number("parallelism"),
            PercentageOfNodesToScore = root.Number("percentageOfNodesToScore"),
            InitialBackoff = root.Number("podInitialBackoffSeconds") ?? 1,
            MaxBackoff = root.Number("podMaxBackoffSeconds") ?? 10,
            Profiles = [.. root.Nodes("profiles").Select(n => ReadProfile(n, faults))],
            Extenders = [.. root.Nodes("extenders").Select(ReadExtender)],
        };
        root.NoMore();
        if (faults.Count == 0)
            ConfigurationRules.Check(raw);
        return new()
        {
            PercentageOfNodesToScore = raw.PercentageOfNodesToScore ?? 0,
            PodInitialBackoff = TimeSpan.FromSeconds(raw.InitialBackoff),
            PodMaxBackoff = TimeSpan.FromSeconds(raw.MaxBackoff),
            Profiles = raw.Profiles.Count == 0 ? [new()] : raw.Profiles,
            Extenders = raw.Extenders,
        };
    }

    private static ProfileConfiguration ReadProfile(ConfigurationNode node, List<string> faults)
    {
        var profile = new ProfileConfiguration
        {
            SchedulerName = node.Text("schedulerName", Scheduler.DefaultName),
            PercentageOfNodesToScore = node.Number("percentageOfNodesToScore"),
        };
        if (node.Node("plugins") is { } plugins)
        {
            var sets = new Dictionary<string, PluginSet>(StringComparer.Ordinal);
            foreach (var point in ProfileBuilder.Points.Append("multiPoint"))
            {
                if (plugins.Node(point) is not { } set)
                    continue;
                sets[point] = new([.. set.Nodes("enabled").Select(ReadPlugin)], [.. set.Nodes("disabled").Select(n => ReadPlugin(n).Name)]);
                set.NoMore();
            }

            plugins.NoMore();
            profile = profile with { Plugins = sets };
        }

        var arguments = new PluginArguments();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var config in node.Nodes("pluginConfig"))
        {
            var name = config.Text("name");
            if (!seen.Add(name))
                faults.Add($"{node.Path}: repeated config for plugin {name}");
            if (config.Node("args") is { } args)
                arguments = ReadArguments(name, args, arguments, faults);
            config.NoMore();
        }

        node.NoMore();
        return profile with { Arguments = arguments };
    }

    private static EnabledPlugin ReadPlugin(ConfigurationNode node)
    {
        var plugin = new EnabledPlugin(node.Text("name"), node.Number("weight") ?? 0);
        node.NoMore();
        return plugin;
    }

    private static PluginArguments ReadArguments(string plugin, ConfigurationNode args, PluginArguments into, List<string> faults)
    {
        var version = args.Text("apiVersion", Group + "v1");
        var kind = args.Text("kind", plugin + "Args");
        if (version != Group + "v1" || kind != plugin + "Args")
            faults.Add($"{args.Path}: no kind \"{kind}\" is registered for version \"{version}\"");
        switch (plugin)
        {
            case "DefaultPreemption":
                into = into with { MinCandidateNodesPercentage = args.Number("minCandidateNodesPercentage") ?? 10, MinCandidateNodesAbsolute = args.Number("minCandidateNodesAbsolute") ?? 100 };
                break;
            case "InterPodAffinity":
                into = into with { HardPodAffinityWeight = args.Number("hardPodAffinityWeight") ?? 1, IgnorePreferredTermsOfExistingPods = args.Flag("ignorePreferredTermsOfExistingPods") };
                break;
            case "NodeAffinity":
                into = into with { AddedAffinity = args["addedAffinity"] is { } affinity ? PodSpecOf($"{{\"affinity\":{{\"nodeAffinity\":{affinity.GetRawText()}}}}}", args.At("addedAffinity"), faults)?.Affinity?.NodeAffinity : null };
                break;
            case "NodeResourcesFit":
                into = ReadFit(args, into);
                break;
            case "NodeResourcesBalancedAllocation":
                into = into with { BalancedResources = ReadResources(args) };
                break;
            case "PodTopologySpread":
                var type = args.Text("defaultingType", "System");
                var constraints = args["defaultConstraints"] is { } list ? PodSpecOf($"{{\"topologySpreadConstraints\":{list.GetRawText()}}}", args.At("defaultConstraints"), faults)?.TopologySpreadConstraints ?? default : default;
                ConfigurationRules.CheckSpread(type, constraints, args.Path, faults);
                into = into with { DefaultConstraints = type == "List" ? [.. constraints] : null };
                break;
            case "VolumeBinding":
                into = into with { BindTimeout = TimeSpan.FromSeconds(args.Number("bindTimeoutSeconds") ?? 600) };
                _ = args["shape"];
                break;
            case "DynamicResources":
                _ = args["filterTimeout"];
                _ = args["bindingTimeout"];
                break;
            default:
                // Arguments of a plug-in that takes none are an error upstream, too.
                faults.Add($"{args.Path}: no kind \"{kind}\" is registered for version \"{version}\"");
                return into;
        }

        args.NoMore();
        ConfigurationRules.CheckArguments(plugin, into, args.Path, faults);
        return into;
    }

    private static PluginArguments ReadFit(ConfigurationNode args, PluginArguments into)
    {
        into = into with
        {
            IgnoredResources = args.Texts("ignoredResources").ToHashSet(StringComparer.Ordinal),
            IgnoredResourceGroups = args.Texts("ignoredResourceGroups").ToHashSet(StringComparer.Ordinal),
        };
        if (args.Node("scoringStrategy") is not { } strategy)
            return into;
        into = into with { ScoringStrategy = strategy.Text("type", "LeastAllocated"), ScoringResources = ReadResources(strategy) };
        if (strategy.Node("requestedToCapacityRatio") is { } ratio)
        {
            into = into with
            {
                Shape =
                [
                    .. ratio.Nodes("shape").Select(p =>
                    {
                        var point = new UtilizationPoint(p.Number("utilization") ?? 0, p.Number("score") ?? 0);
                        p.NoMore();
                        return point;
                    }),
                ],
            };
            ratio.NoMore();
        }

        strategy.NoMore();
        return into;
    }

    private static IReadOnlyList<ResourceWeight> ReadResources(ConfigurationNode node)
    {
        var resources = node.Nodes("resources").Select(r =>
        {
            var weight = new ResourceWeight(r.Text("name"), r.Number("weight") is { } w && w != 0 ? w : 1);
            r.NoMore();
            return weight;
        }).ToList();
        return resources.Count == 0 ? ResourceStrategy.DefaultResources : resources;
    }

    /// <summary>Parts of a pod's spec are read as in a pod.</summary>
    private static PodSpec? PodSpecOf(string spec, string path, List<string> faults)
    {
        try
        {
            var report = new DecodeReport();
            var pod = (Pod)CodecTable.Find(Pod.ResourceKind)!.ReadJson(Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{spec}}}"), report);
            faults.AddRange(report.Findings.Select(p => $"{path}: {p}"));
            return pod.Spec;
        }
        catch (DecodeException e)
        {
            faults.Add($"{path}: {e.Message}");
            return null;
        }
    }

    private static ExtenderConfiguration ReadExtender(ConfigurationNode node)
    {
        var managed = node.Nodes("managedResources").Select(r =>
        {
            var resource = (Name: r.Text("name"), Ignored: r.Flag("ignoredByScheduler"));
            r.NoMore();
            return resource;
        }).ToList();
        var extender = new ExtenderConfiguration
        {
            UrlPrefix = node.Text("urlPrefix"),
            FilterVerb = node.Text("filterVerb"),
            PreemptVerb = node.Text("preemptVerb"),
            PrioritizeVerb = node.Text("prioritizeVerb"),
            BindVerb = node.Text("bindVerb"),
            Weight = node.Number("weight") ?? 0,
            NodeCacheCapable = node.Flag("nodeCacheCapable"),
            Ignorable = node.Flag("ignorable"),
            HttpTimeout = node.Duration("httpTimeout", TimeSpan.FromSeconds(5)),
            ManagedResources = [.. managed.Select(m => m.Name)],
            IgnoredByScheduler = [.. managed.Where(m => m.Ignored).Select(m => m.Name)],
        };
        _ = node.Flag("enableHTTPS");
        if (node.Node("tlsConfig") is { } tls)
        {
            extender = extender with
            {
                Insecure = tls.Flag("insecure"),
                ServerName = tls.Text("serverName"),
                CaFile = tls.Text("caFile"),
                CertFile = tls.Text("certFile"),
                KeyFile = tls.Text("keyFile"),
                CaData = tls.Bytes("caData"),
                CertData = tls.Bytes("certData"),
                KeyData = tls.Bytes("keyData"),
            };
            tls.NoMore();
        }

        node.NoMore();
        return extender;
    }
}

/// <summary>As it stands in the file.</summary>
internal sealed record RawConfiguration
{
    public int? Parallelism { get; init; }
    public int? PercentageOfNodesToScore { get; init; }
    public int InitialBackoff { get; init; }
    public int MaxBackoff { get; init; }
    public required IReadOnlyList<ProfileConfiguration> Profiles { get; init; }
    public required IReadOnlyList<ExtenderConfiguration> Extenders { get; init; }
}
