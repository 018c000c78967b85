using Coxswain.Api;
using Coxswain.Api.Core.V1;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class PluginTests
{
    [Fact]
    public void A_pod_goes_where_there_is_room_and_the_message_counts_why_not_elsewhere()
    {
        var cluster = Cluster(Node("small", cpu: "1"), Node("big", cpu: "4"));
        Assert.Equal("big", cluster.Schedule(Pod("a", cpu: "2")).Node);
        var result = cluster.Schedule(Pod("b", cpu: "5", memory: "100Gi"));
        Assert.Null(result.Node);
        Assert.Equal("0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory.", result.Message);
    }

    [Fact]
    public void Without_nodes_the_message_says_so()
    {
        Assert.Equal("no nodes available to schedule pods", Cluster().Schedule(Pod("a")).Message);
    }

    [Fact]
    public void Requests_of_pods_on_the_node_count_and_room_comes_back_when_they_leave()
    {
        var cluster = Cluster(Node("one", cpu: "2"));
        cluster.Place(Pod("first", cpu: "1500m"), "one");
        Assert.Null(cluster.Schedule(Pod("second", cpu: "600m")).Node);
        cluster.RemovePod("uid-first");
        Assert.Equal("one", cluster.Schedule(Pod("second", cpu: "600m")).Node);
    }

    [Fact]
    public void An_init_container_counts_when_it_asks_for_more_than_the_containers_together()
    {
        var pod = Pod("a", cpu: "100m", change: s => s with
        {
            InitContainers =
            [
                new() { Name = "sidecar", RestartPolicy = "Always", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("200m")) } },
                new() { Name = "init", Resources = new() { Requests = ApiMap.Of("cpu", Quantity.Parse("1")) } },
            ],
        });
        Assert.Equal(1200, PodRequests.Of(pod).MilliCpu);
    }

    [Fact]
    public void A_taint_keeps_pods_away_that_do_not_tolerate_it()
    {
        var cluster = Cluster(Node("one", taints: new Taint { Key = "gpu", Value = "yes", Effect = "NoSchedule" }));
        Assert.Equal("0/1 nodes are available: 1 node(s) had untolerated taint(s).", cluster.Schedule(Pod("a")).Message);
        Assert.Equal("one", cluster.Schedule(Pod("b", change: s => s with { Tolerations = [new() { Key = "gpu", Operator = "Exists" }] })).Node);
    }

    [Fact]
    public void A_cordoned_node_takes_no_pods()
    {
        var node = Node("one");
        var cluster = Cluster(node with { Spec = node.Spec with { Unschedulable = true } });
        Assert.Equal("0/1 nodes are available: 1 node(s) were unschedulable.", cluster.Schedule(Pod("a")).Message);
    }

    [Fact]
    public void A_taint_that_asks_to_be_avoided_is_avoided_while_there_is_another_node()
    {
        var cluster = Cluster(Node("tainted", taints: new Taint { Key = "k", Effect = "PreferNoSchedule" }), Node("clean"));
        cluster.Place(Pod("load", cpu: "2"), "clean");
        Assert.Equal("clean", cluster.Schedule(Pod("a", cpu: "100m")).Node);
    }

    [Theory]
    [InlineData("In", new[] { "b" }, "beta")]
    [InlineData("NotIn", new[] { "b" }, "alpha")]
    public void Node_affinity_goes_by_labels(string relation, string[] values, string expected)
    {
        var cluster = Cluster(Node("alpha", zone: "a"), Node("beta", zone: "b"));
        var term = new NodeSelectorTerm { MatchExpressions = [new() { Key = "topology.kubernetes.io/zone", Operator = relation, Values = values.ToApiList() }] };
        var pod = Pod("a", change: s => s with
        {
            Affinity = new() { NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [term] } } },
        });
        Assert.Equal(expected, cluster.Schedule(pod).Node);
    }

    [Fact]
    public void A_node_selector_that_nothing_matches_is_named()
    {
        var pod = Pod("a", change: s => s with { NodeSelector = ApiMap.Of("disk", "ssd") });
        Assert.Equal("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", Cluster(Node("one")).Schedule(pod).Message);
    }

    [Fact]
    public void Two_pods_do_not_share_a_host_port()
    {
        static PodSpec Port(PodSpec s) => s with { Containers = [s.Containers[0] with { Ports = [new() { ContainerPortValue = 80, HostPort = 80, Protocol = "TCP" }] }] };
        var cluster = Cluster(Node("one"));
        cluster.Place(Pod("first", change: Port), "one");
        Assert.Equal("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", cluster.Schedule(Pod("second", change: Port)).Message);
    }

    private static Affinity Anti(string key) => new()
    {
        PodAntiAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution =
                [new() { TopologyKey = key, LabelSelector = new() { MatchLabels = ApiMap.Of("app", "web") } }],
        },
    };

    private static Affinity Near(string app) => new()
    {
        PodAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution =
                [new() { TopologyKey = "topology.kubernetes.io/zone", LabelSelector = new() { MatchLabels = ApiMap.Of("app", app) } }],
        },
    };

    [Fact]
    public void Anti_affinity_works_for_the_pod_that_has_it_and_against_those_that_have_not()
    {
        var cluster = Cluster(Node("one"), Node("two"));
        cluster.Place(Pod("first", change: s => s with { Affinity = Anti("kubernetes.io/hostname") }), "one");
        Assert.Equal("two", cluster.Schedule(Pod("second", change: s => s with { Affinity = Anti("kubernetes.io/hostname") })).Node);
        Assert.Equal("two", cluster.Schedule(Pod("plain")).Node);
        cluster.Place(Pod("second", change: s => s with { Affinity = Anti("kubernetes.io/hostname") }), "two");
        Assert.Equal("0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.", cluster.Schedule(Pod("plain")).Message);
    }

    [Fact]
    public void Affinity_follows_other_pods_into_their_zone()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"), Node("b2", zone: "b"));
        cluster.Place(Pod("db", app: "db"), "b1");
        Assert.StartsWith("b", cluster.Schedule(Pod("x", change: s => s with { Affinity = Near("db") })).Node!, StringComparison.Ordinal);
        Assert.Equal("0/3 nodes are available: 3 node(s) didn't match pod affinity rules.", cluster.Schedule(Pod("y", change: s => s with { Affinity = Near("nobody") })).Message);
    }

    [Fact]
    public void The_first_of_a_group_that_wants_to_be_together_goes_anywhere()
    {
        var cluster = Cluster(Node("a1", zone: "a"));
        Assert.Equal("a1", cluster.Schedule(Pod("first", change: s => s with { Affinity = Near("web") })).Node);
    }

    [Fact]
    public void Spreading_keeps_zones_within_the_skew()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        static PodSpec Spread(PodSpec s) => s with
        {
            TopologySpreadConstraints =
            [
                new() { MaxSkew = 1, TopologyKey = "topology.kubernetes.io/zone", WhenUnsatisfiable = "DoNotSchedule", LabelSelector = new() { MatchLabels = ApiMap.Of("app", "web") } },
            ],
        };
        cluster.Place(Pod("p1", change: Spread), "a1");
        Assert.Equal("b1", cluster.Schedule(Pod("p2", change: Spread)).Node);
        cluster.Place(Pod("p2", change: Spread), "b1");
        Assert.NotNull(cluster.Schedule(Pod("p3", change: Spread)).Node);
        cluster.Place(Pod("p3", change: Spread), "b1");
        Assert.Equal("a1", cluster.Schedule(Pod("p4", change: Spread)).Node);
    }

    [Fact]
    public void Pods_are_laid_evenly_over_equal_nodes()
    {
        var cluster = Cluster([.. Enumerable.Range(0, 10).Select(i => Node($"n{i}"))]);
        for (var i = 0; i < 50; i++)
        {
            var pod = Pod($"p{i}", cpu: "100m", memory: "100Mi");
            cluster.Place(pod, cluster.Schedule(pod).Node!);
        }

        Assert.All(cluster.Nodes, n => Assert.Equal(5, n.Pods.Count));
    }

    [Theory]
    [InlineData(50, 50)]
    [InlineData(100, 100)]
    [InlineData(1000, 420)]
    [InlineData(5000, 500)]
    [InlineData(20000, 1000)]
    public void With_many_nodes_a_share_of_them_is_enough(int nodes, int enough) => Assert.Equal(enough, SchedulingCycle.Enough(nodes));
}
