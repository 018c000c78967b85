using Coxswain.Api;
using Coxswain.Scheduler.Plugins;
using static Coxswain.Scheduler.Tests.SchedulerData;

namespace Coxswain.Scheduler.Tests;

public sealed class ResourceScoringTests
{
    private static ClusterState HalfFull()
    {
        var cluster = Cluster(Node("empty", cpu: "4", memory: "4Gi"), Node("half", cpu: "4", memory: "4Gi"));
        cluster.Place(Pod("load", cpu: "2", memory: "2Gi"), "half");
        return cluster;
    }

    [Fact]
    public void Least_allocated_prefers_the_emptier_node()
    {
        var scores = HalfFull().Scores(new NodeResourcesFit(), Pod("a", cpu: "1", memory: "1Gi"));
        Assert.Equal((75, 25), (scores["empty"], scores["half"]));
    }

    [Fact]
    public void Most_allocated_prefers_the_fuller_node()
    {
        var scores = HalfFull().Scores(new NodeResourcesFit(ResourceStrategy.MostAllocated(ResourceStrategy.DefaultResources)), Pod("a", cpu: "1", memory: "1Gi"));
        Assert.Equal((25, 75), (scores["empty"], scores["half"]));
    }

    [Fact]
    public void The_ratio_strategy_follows_the_line_through_its_points()
    {
        var strategy = ResourceStrategy.RequestedToCapacityRatio([new("cpu", 1)], [new(0, 0), new(50, 10), new(100, 0)]);
        var scores = HalfFull().Scores(new NodeResourcesFit(strategy), Pod("a", cpu: "1"));
        Assert.Equal((50, 50), (scores["empty"], scores["half"]));
        Assert.Equal((100, 0), (HalfFull().Scores(new NodeResourcesFit(strategy), Pod("b", cpu: "2"))["empty"], HalfFull().Scores(new NodeResourcesFit(strategy), Pod("b", cpu: "2"))["half"]));
    }

    [Fact]
    public void A_container_without_requests_counts_for_scoring_as_a_small_one()
    {
        var cluster = Cluster(Node("one", cpu: "1", memory: "2000Mi"));
        Assert.Equal(90, cluster.Scores(new NodeResourcesFit(), Pod("a"))["one"]);
    }

    [Fact]
    public void Balanced_allocation_prefers_even_use_and_leaves_pods_without_requests_alone()
    {
        var cluster = Cluster(Node("even", cpu: "4", memory: "4Gi"), Node("odd", cpu: "4", memory: "4Gi"));
        cluster.Place(Pod("x", cpu: "2"), "odd");
        var scores = cluster.Scores(new NodeResourcesBalancedAllocation(), Pod("a", cpu: "1", memory: "1Gi"));
        Assert.Equal((100, 75), (scores["even"], scores["odd"]));
        Assert.Empty(cluster.Scores(new NodeResourcesBalancedAllocation(), Pod("b")));
    }

    [Fact]
    public void Extended_resources_are_named_in_the_message_and_ignored_ones_are_not_looked_at()
    {
        var pod = Pod("a", change: s => s with { Containers = [s.Containers[0] with { Resources = new() { Requests = ApiMap.Of("example.com/gpu", Quantity.Parse("1")) } }] });
        var cluster = Cluster(Node("one"));
        Assert.Equal("0/1 nodes are available: 1 Insufficient example.com/gpu.", cluster.Schedule(pod).Message);
        Assert.Equal("one", cluster.Schedule(pod, Profile(new() { IgnoredResourceGroups = new HashSet<string> { "example.com" } })).Node);
        Assert.Equal("one", cluster.Schedule(pod, Profile(new() { IgnoredResources = new HashSet<string> { "example.com/gpu" } })).Node);
    }

    [Fact]
    public void A_node_takes_no_more_pods_than_it_says()
    {
        var node = Node("one");
        var cluster = Cluster(node with { Status = node.Status with { Allocatable = node.Status.Allocatable.With("pods", Quantity.Parse("1")) } });
        cluster.Place(Pod("first"), "one");
        Assert.Equal("0/1 nodes are available: 1 Too many pods.", cluster.Schedule(Pod("second")).Message);
    }

    [Fact]
    public void Images_that_a_node_has_speak_for_it_the_more_the_larger_they_are()
    {
        var node = Node("has");
        var cluster = Cluster(node with { Status = node.Status with { Images = [new() { Names = ["localhost/c:1"], SizeBytes = 1000L << 20 }] } }, Node("has-not"));
        var scores = cluster.Scores(new ImageLocality(), Pod("a"));
        // Half of the nodes have it: half of its size counts.
        Assert.Equal((48, 0), (scores["has"], scores["has-not"]));
        Assert.Empty(cluster.Scores(new ImageLocality(), Pod("b", change: s => s with { Containers = [s.Containers[0] with { Image = "other" }] })));
    }
}
