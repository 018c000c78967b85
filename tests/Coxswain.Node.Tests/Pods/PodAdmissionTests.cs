using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests.Pods;

public sealed class PodAdmissionTests
{
    private static readonly NodeObject Node = new()
    {
        Metadata = new() { Name = "node-1", Labels = ApiMap.Of("disk", "ssd") },
        Status = new() { Allocatable = TestPods.Quantities(("cpu", "2"), ("memory", "1Gi"), ("pods", "3")) },
    };

    [Fact]
    public void A_pod_that_fits_is_taken_in() => Assert.Null(PodAdmission.Check(Cpu("a", "1"), [Cpu("b", "1")], Node));

    [Fact]
    public void A_pod_that_asks_for_more_than_is_left_is_refused_with_the_numbers()
    {
        var refusal = PodAdmission.Check(Cpu("a", "1500m"), [Cpu("b", "1")], Node)!;

        Assert.Equal("OutOfcpu", refusal.Reason);
        Assert.Equal("Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000", refusal.Message);
    }

    [Fact]
    public void A_full_node_takes_no_more_pods()
    {
        var refusal = PodAdmission.Check(TestPods.Pod("d"), [TestPods.Pod("a"), TestPods.Pod("b"), TestPods.Pod("c")], Node)!;

        Assert.Equal("OutOfpods", refusal.Reason);
        Assert.Equal("Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3", refusal.Message);
    }

    [Fact]
    public void A_selector_or_affinity_that_the_node_does_not_meet_is_a_refusal()
    {
        Assert.Equal("NodeAffinity", PodAdmission.Check(TestPods.Pod().With(spec => spec with { NodeSelector = ApiMap.Of("disk", "hdd") }), [], Node)!.Reason);
        Assert.Null(PodAdmission.Check(Affinity("In", "ssd", "nvme"), [], Node));
        Assert.Equal(
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            PodAdmission.Check(Affinity("NotIn", "ssd"), [], Node)!.Message);
    }

    [Fact]
    public void A_port_of_the_host_is_given_once()
    {
        Assert.Equal("NodePorts", PodAdmission.Check(Port("a", ""), [Port("b", "127.0.0.1")], Node)!.Reason);
        Assert.Null(PodAdmission.Check(Port("a", "127.0.0.2"), [Port("b", "127.0.0.1")], Node));
    }

    [Fact]
    public void A_pod_that_does_not_tolerate_what_drives_pods_away_is_refused()
    {
        var tainted = Node with { Spec = new() { Taints = [new() { Key = "down", Effect = "NoExecute" }, new() { Key = "busy", Effect = "NoSchedule" }] } };

        Assert.Equal("TaintToleration", PodAdmission.Check(TestPods.Pod(), [], tainted)!.Reason);
        Assert.Null(PodAdmission.Check(TestPods.Pod().With(spec => spec with { Tolerations = [new() { Operator = "Exists" }] }), [], tainted));
    }

    private static Pod Cpu(string name, string cpu) =>
        TestPods.Pod(name, TestPods.Container("web", c => c with { Resources = new() { Requests = TestPods.Quantities(("cpu", cpu)) } }));

    private static Pod Port(string name, string hostIP) =>
        TestPods.Pod(name, TestPods.Container("web", c => c with { Ports = [new() { ContainerPortValue = 80, HostPort = 80, Protocol = "TCP", HostIP = hostIP }] }));

    private static Pod Affinity(string @operator, params string[] values) => TestPods.Pod().With(spec => spec with
    {
        Affinity = new()
        {
            NodeAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new()
                {
                    NodeSelectorTerms = [new() { MatchExpressions = [new() { Key = "disk", Operator = @operator, Values = [.. values] }] }],
                },
            },
        },
    });
}
