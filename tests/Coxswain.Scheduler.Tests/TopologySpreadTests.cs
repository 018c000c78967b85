using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Scheduler.Plugins;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class TopologySpreadTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    private static Func<PodSpec, PodSpec> Spread(Func<TopologySpreadConstraint, TopologySpreadConstraint>? change = null, string when = "DoNotSchedule", string key = Zone)
    {
        var constraint = new TopologySpreadConstraint { MaxSkew = 1, TopologyKey = key, WhenUnsatisfiable = when, LabelSelector = new() { MatchLabels = ApiMap.Of("app", "web") } };
        return s => s with { TopologySpreadConstraints = [change?.Invoke(constraint) ?? constraint] };
    }

    [Fact]
    public void Fewer_domains_than_the_least_asked_for_count_as_empty_ones()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var spread = Spread(c => c with { MinDomains = 3 });
        cluster.Place(Pod("p1", change: spread), "a1");
        cluster.Place(Pod("p2", change: spread), "b1");
        Assert.Equal("0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.", cluster.Schedule(Pod("p3", change: spread)).Message);
        cluster.SetNode(Node("c1", zone: "c"));
        Assert.Equal("c1", cluster.Schedule(Pod("p3", change: spread)).Node);
    }

    [Fact]
    public void A_node_without_the_label_says_so()
    {
        var cluster = Cluster(Node("plain"));
        Assert.Equal(
            "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).", cluster.Schedule(Pod("a", change: Spread())).Message);
    }

    [Theory]
    [InlineData("Honor", "a1")]
    [InlineData("Ignore", null)]
    public void Zones_that_the_pod_may_not_go_to_count_only_when_affinity_is_ignored(string policy, string? expected)
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var spread = Spread(c => c with { NodeAffinityPolicy = policy });
        PodSpec OnlyA(PodSpec s) => spread(s) with { NodeSelector = ApiMap.Of(Zone, "a") };
        cluster.Place(Pod("p1", change: OnlyA), "a1");
        Assert.Equal(expected, cluster.Schedule(Pod("p2", change: OnlyA)).Node);
    }

    [Theory]
    [InlineData("Honor", "a1")]
    [InlineData("Ignore", null)]
    public void Tainted_zones_count_only_when_taints_are_ignored(string policy, string? expected)
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b", taints: new Taint { Key = "k", Effect = "NoSchedule" }));
        var spread = Spread(c => c with { NodeTaintsPolicy = policy });
        cluster.Place(Pod("p1", change: spread), "a1");
        Assert.Equal(expected, cluster.Schedule(Pod("p2", change: spread)).Node);
    }

    [Fact]
    public void Match_label_keys_spread_each_revision_by_itself()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var spread = Spread(c => c with { MatchLabelKeys = ["rev"] });
        Pod Revision(string name, string revision)
        {
            var pod = Pod(name, change: spread);
            return pod with { Metadata = pod.Metadata with { Labels = pod.Metadata.Labels.With("rev", revision) } };
        }

        cluster.Place(Revision("old-1", "1"), "b1");
        cluster.Place(Revision("new-1", "2"), "a1");
        cluster.Place(Revision("new-2", "2"), "a1");
        Assert.Equal("b1", cluster.Schedule(Revision("new-3", "2")).Node);
    }

    [Fact]
    public void A_pod_that_is_going_no_longer_counts()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var going = Pod("p1", change: Spread());
        cluster.Place(going with { Metadata = going.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }, "a1");
        cluster.Place(Pod("p2", change: Spread()), "b1");
        Assert.Equal("a1", cluster.Schedule(Pod("p3", change: Spread())).Node);
    }

    [Fact]
    public void A_preference_scores_the_emptier_zone_higher()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("a2", zone: "a"), Node("b1", zone: "b"));
        cluster.Place(Pod("p1"), "a1");
        var scores = cluster.Scores(new PodTopologySpread(), Pod("p2", change: Spread(when: "ScheduleAnyway")));
        Assert.Equal(scores["a1"], scores["a2"]);
        Assert.True(scores["b1"] > scores["a1"]);
    }

    [Fact]
    public void Pods_of_a_set_are_spread_over_hosts_and_zones_though_nobody_asked()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        var set = new ReplicaSet { Metadata = new() { Namespace = "default", Name = "web" }, Spec = new() { Selector = new() { MatchLabels = ApiMap.Of("app", "web") } } };
        cluster.Owners.Set(set);
        Pod Owned(string name)
        {
            var pod = Pod(name);
            return pod with { Metadata = pod.Metadata with { OwnerReferences = [new() { Kind = "ReplicaSet", Name = "web", Controller = true }] } };
        }

        cluster.Place(Owned("p1"), "a1");
        var scores = cluster.Scores(new PodTopologySpread(), Owned("p2"));
        Assert.True(scores["b1"] > scores["a1"]);
        Assert.Empty(cluster.Scores(new PodTopologySpread(), Pod("nobodys")));
        Assert.Empty(cluster.Scores(new PodTopologySpread([]), Owned("p2")));
    }

    [Fact]
    public void A_node_that_changes_zones_takes_its_pods_with_it()
    {
        var cluster = Cluster(Node("a1", zone: "a"), Node("b1", zone: "b"));
        cluster.Place(Pod("p1", change: Spread()), "a1");
        Assert.Equal("b1", cluster.Schedule(Pod("p2", change: Spread())).Node);
        cluster.SetNode(Node("a1", zone: "b"));
        cluster.SetNode(Node("b1", zone: "a"));
        Assert.Equal("b1", cluster.Schedule(Pod("p2", change: Spread())).Node);
        cluster.RemoveNode("a1");
        Assert.Equal("b1", cluster.Schedule(Pod("p2", change: Spread())).Node);
    }
}
