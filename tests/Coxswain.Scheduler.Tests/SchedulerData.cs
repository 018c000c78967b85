using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Scheduler.Configuration;
using Coxswain.Scheduler.Preemption;

namespace Coxswain.Scheduler.Tests;

/// <summary>Nodes and pods with as little as a test needs.</summary>
internal static class SchedulerData
{
    public static Node Node(string name, string cpu = "4", string memory = "8Gi", string? zone = null, params Taint[] taints) => new()
    {
        Metadata = new()
        {
            Name = name,
            Labels = zone is null
                ? ApiMap.Of("kubernetes.io/hostname", name)
                : ApiMap.Of("kubernetes.io/hostname", name).With("topology.kubernetes.io/zone", zone),
        },
        Spec = new() { Taints = taints.ToApiList() },
        Status = new()
        {
            Allocatable = ApiMap.Of("cpu", Quantity.Parse(cpu)).With("memory", Quantity.Parse(memory)).With("pods", Quantity.Parse("110")),
        },
    };

    public static Pod Pod(string name, string? cpu = null, string? memory = null, Func<PodSpec, PodSpec>? change = null, string app = "web")
    {
        var requests = default(ApiMap<Quantity>);
        if (cpu is not null)
            requests = requests.With("cpu", Quantity.Parse(cpu));
        if (memory is not null)
            requests = requests.With("memory", Quantity.Parse(memory));
        var spec = new PodSpec
        {
            SchedulerName = Scheduler.DefaultName,
            Containers = [new() { Name = "c", Image = "localhost/c:1", Resources = new() { Requests = requests } }],
        };
        return new()
        {
            Metadata = new() { Namespace = "default", Name = name, Uid = "uid-" + name, Labels = ApiMap.Of("app", app) },
            Spec = change?.Invoke(spec) ?? spec,
        };
    }

    public static ClusterState Cluster(params Node[] nodes)
    {
        var cluster = new ClusterState();
        foreach (var node in nodes)
            cluster.SetNode(node);
        return cluster;
    }

    public static void Place(this ClusterState cluster, Pod pod, string node) => cluster.SetPod(new(pod with { Spec = pod.Spec with { NodeName = node } }));

    /// <summary>What an attempt came to: a node, or why there is none.</summary>
    public sealed record Attempt(string? Node, string Message, FilterResult Result);

    public static Profile Profile(PluginArguments? arguments = null) => ProfileBuilder.Build(
        SchedulerConfiguration.Default, new() { Arguments = arguments ?? new() }, new(null, TimeProvider.System));

    public static Attempt Schedule(this ClusterState cluster, Pod pod, Profile? profile = null)
    {
        var (node, result) = new SchedulingCycle(profile ?? Profile(), new Random(1)).Run(new(pod), cluster);
        return new(node?.Name, node is null ? result.Diagnosis.Message : "", result);
    }

    /// <summary>An attempt and, where it failed, a look at who could leave.</summary>
    public static (IReadOnlyList<PreemptionCandidate> Candidates, string Message) Preempt(
        this ClusterState cluster, Pod pod, params IReadOnlyList<PodDisruptionBudget> budgets)
    {
        var cycles = new SchedulingCycle(Profile(), new Random(1));
        var (node, result) = cycles.Run(new(pod), cluster);
        Assert.Null(node);
        var candidates = cycles.Candidates(result, budgets, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return (candidates, result.Diagnosis.Message);
    }

    /// <summary>What a scoring plug-in alone says of each node, brought into its range.</summary>
    public static Dictionary<string, long> Scores(this ClusterState cluster, IScorePlugin plugin, Pod pod)
    {
        var cycle = new CycleContext(new(pod), cluster);
        if (!plugin.PrepareScore(cycle, cluster.Nodes))
            return [];
        var scores = cluster.Nodes.Select(n => plugin.Score(cycle, n)).ToArray();
        plugin.Normalize(cycle, cluster.Nodes, scores);
        return cluster.Nodes.Zip(scores).ToDictionary(s => s.First.Name, s => s.Second);
    }
}
