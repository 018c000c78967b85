using Coxswain.Api;
using Coxswain.Api.Core.V1;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

/// <summary>Counts that are kept up to date say what counting anew says, whatever happened in whatever order.</summary>
public sealed class CountsTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    private static PodAffinityTerm Term(string app) => new() { TopologyKey = Zone, LabelSelector = new() { MatchLabels = ApiMap.Of("app", app) } };

    private static Pod Shaped(int i, Random random) => Pod($"p{i}", cpu: $"{random.Next(1, 300)}m", app: $"app{random.Next(3)}", change: s => s with
    {
        Affinity = random.Next(3) switch
        {
            0 => new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term($"app{random.Next(3)}")] } },
            1 => new() { PodAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [new() { Weight = random.Next(1, 9), PodAffinityTerm = Term($"app{random.Next(3)}") }] } },
            _ => null,
        },
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lost_doubled_and_reordered_events_lead_to_the_same_counts(int seed)
    {
        var random = new Random(seed);
        var cluster = new ClusterState();
        // What the API has in the end; events on the way there may be doubled or left out.
        var (nodes, pods) = (new Dictionary<string, Node>(), new Dictionary<int, Pod>());
        var probe = new PodInfo(Pod("probe", app: "app0"));
        for (var step = 0; step < 2000; step++)
        {
            // Groups begin to be counted at any time.
            if (step % 97 == 0)
                cluster.Index.Group(new PodInfo(Pod("x", change: s => s with { Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term($"app{step % 3}")] } } })).RequiredAntiAffinity[0]).Domains(Zone, cluster);
            var i = random.Next(60);
            switch (random.Next(6))
            {
                case 0:
                    var node = Node($"n{random.Next(6)}", zone: random.Next(4) == 0 ? null : $"z{random.Next(3)}");
                    nodes[node.Metadata.Name] = node;
                    Twice(() => cluster.SetNode(node));
                    break;
                case 1 when nodes.Count > 2:
                    var gone = nodes.Keys.First();
                    nodes.Remove(gone);
                    Twice(() => cluster.RemoveNode(gone));
                    break;
                case 2 when pods.ContainsKey(i):
                    pods.Remove(i);
                    Twice(() => cluster.RemovePod($"uid-p{i}"));
                    break;
                case 3 when pods.TryGetValue(i, out var changed):
                    changed = changed with { Metadata = changed.Metadata with { Labels = ApiMap.Of("app", $"app{random.Next(3)}") } };
                    pods[i] = changed;
                    Twice(() => cluster.SetPod(new(changed)));
                    break;
                case 4 when !pods.ContainsKey(i):
                    // A decision that is taken back.
                    lock (cluster.Gate)
                        cluster.Assume(new(Shaped(i, random)), $"n{random.Next(6)}");
                    cluster.Forget($"uid-p{i}");
                    break;
                default:
                    if (pods.ContainsKey(i))
                        break;
                    var added = Shaped(i, random);
                    added = added with { Spec = added.Spec with { NodeName = $"n{random.Next(6)}" } };
                    pods[i] = added;
                    Twice(() => cluster.SetPod(new(added)));
                    break;
            }
        }

        var fresh = Cluster([.. nodes.Values]);
        foreach (var pod in pods.Values)
            fresh.SetPod(new(pod));
        Assert.NotEmpty(pods);
        foreach (var node in fresh.Nodes)
        {
            var kept = cluster.Find(node.Name)!;
            Assert.Equal((node.PodCount, node.Requested.MilliCpu, node.PodsWithAffinity), (kept.PodCount, kept.Requested.MilliCpu, kept.PodsWithAffinity));
        }

        for (var app = 0; app < 3; app++)
        {
            var term = new PodInfo(Pod("x", change: s => s with { Affinity = new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term($"app{app}")] } } })).RequiredAntiAffinity[0];
            var (expected, actual) = (fresh.Index.Group(term), cluster.Index.Group(term));
            Assert.Equal(expected.Total, actual.Total);
            Assert.Equal(expected.Domains(Zone, fresh).OrderBy(d => d.Key), actual.Domains(Zone, cluster).OrderBy(d => d.Key));
        }

        for (var zone = 0; zone < 3; zone++)
        {
            foreach (var held in new Func<ClusterState, HeldTerms>[] { c => c.Index.AntiAffinity, c => c.Index.Preferred })
            {
                Assert.Equal(
                    held(fresh).Matching(probe, fresh).Sum(t => t.WeightIn($"z{zone}")), held(cluster).Matching(probe, cluster).Sum(t => t.WeightIn($"z{zone}")));
            }
        }

        void Twice(Action change)
        {
            change();
            if (random.Next(4) == 0)
                change();
        }
    }
}
