using Coxswain.Api;
using Coxswain.Api.Core.V1;

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

    public static SchedulingResult Schedule(this ClusterState cluster, Pod pod) =>
        new SchedulingCycle(PluginTable.Filters, PluginTable.Scores, new Random(1)).Run(new(pod), cluster);
}
