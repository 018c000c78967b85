using System.Diagnostics;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler;
using Coxswain.Scheduler.Configuration;

namespace Coxswain.Benchmarks.Scheduling;

/// <summary>What a decision of the scheduler costs on 1,000 nodes, by the number of pods placed already: it must not grow with them.</summary>
internal static class Decisions
{
    private const int Nodes = 1_000;
    private const int Measured = 2_000;

    public static Task RunAsync()
    {
        foreach (var (name, shape) in new (string, Func<int, PodSpec, PodSpec>)[]
        {
            ("plain", (_, s) => s),
            ("anti-affinity over hosts in each pod", AntiAffinity),
            ("spread over zones and hosts in each pod", Spread),
        })
        {
            foreach (var placed in new[] { 1_000, 10_000, 30_000 })
                Measure(name, placed, shape);
        }

        return Task.CompletedTask;
    }

    private static void Measure(string name, int placed, Func<int, PodSpec, PodSpec> shape)
    {
        var cluster = new ClusterState();
        for (var i = 0; i < Nodes; i++)
            cluster.SetNode(NodeOf(i));
        var configuration = SchedulerConfiguration.Default;
        var cycles = new SchedulingCycle(ProfileBuilder.Build(configuration, configuration.Profiles[0], new(null, TimeProvider.System)), new Random(1));
        for (var i = 0; i < placed; i++)
            Decide(i);
        // The process's own time: what else runs on the machine does not count.
        using var self = Process.GetCurrentProcess();
        var (bytes, since) = (GC.GetAllocatedBytesForCurrentThread(), self.TotalProcessorTime);
        for (var i = placed; i < placed + Measured; i++)
            Decide(i);
        self.Refresh();
        var each = (self.TotalProcessorTime - since) / Measured;
        Console.WriteLine($"{name}, {placed} pods placed: {each.TotalMicroseconds:f0} us and {(GC.GetAllocatedBytesForCurrentThread() - bytes) / Measured} bytes each, {1 / each.TotalSeconds:f0}/s");

        void Decide(int i)
        {
            var pod = new PodInfo(PodOf(i, shape));
            lock (cluster.Gate)
            {
                var (node, result) = cycles.Run(pod, cluster);
                cluster.Assume(pod, node?.Name ?? throw new InvalidOperationException(result.Diagnosis.Message));
            }
        }
    }

    private static Node NodeOf(int i) => new()
    {
        Metadata = new()
        {
            Name = $"node-{i}",
            Labels = ApiMap.Of("kubernetes.io/hostname", $"node-{i}").With("topology.kubernetes.io/zone", $"zone-{i % 3}"),
        },
        Status = new() { Allocatable = ApiMap.Of("cpu", Quantity.Parse("32")).With("memory", Quantity.Parse("256Gi")).With("pods", Quantity.Parse("110")) },
    };

    private static Pod PodOf(int i, Func<int, PodSpec, PodSpec> shape) => new()
    {
        // Groups of 500: what each pod of a Deployment has.
        Metadata = new() { Namespace = "default", Name = $"pod-{i}", Uid = $"uid-{i}", Labels = ApiMap.Of("app", $"app-{i / 500}") },
        Spec = shape(i, new()
        {
            SchedulerName = "default-scheduler",
            Containers = [new() { Name = "c", Image = "i", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("100m")).With("memory", Quantity.Parse("200Mi")) } }],
        }),
    };

    private static PodSpec AntiAffinity(int i, PodSpec spec) => spec with
    {
        Affinity = new()
        {
            PodAntiAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                    [new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = new() { MatchLabels = ApiMap.Of("app", $"app-{i / 500}") } }],
            },
        },
    };

    private static PodSpec Spread(int i, PodSpec spec) => spec with
    {
        TopologySpreadConstraints =
        [
            new() { MaxSkew = 1, TopologyKey = "topology.kubernetes.io/zone", WhenUnsatisfiable = "DoNotSchedule", LabelSelector = new() { MatchLabels = ApiMap.Of("app", $"app-{i / 500}") } },
            new() { MaxSkew = 1, TopologyKey = "kubernetes.io/hostname", WhenUnsatisfiable = "ScheduleAnyway", LabelSelector = new() { MatchLabels = ApiMap.Of("app", $"app-{i / 500}") } },
        ],
    };
}
