using Coxswain.Api.Coordination.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

public sealed class NodeTests
{
    private static readonly string[] Controllers = ["node-lifecycle-controller", "taint-eviction-controller"];

    private static async Task<Bed> StartAsync(params string[] nodes)
    {
        var bed = await Bed.StartAsync(Controllers);
        foreach (var node in nodes)
        {
            await bed.CreateAsync(new Node
            {
                Metadata = new() { Name = node },
                Status = new() { Conditions = [new() { Type = "Ready", Status = "True", LastHeartbeatTime = bed.Clock.GetUtcNow() }] },
            });
            await bed.CreateAsync(new Lease { Metadata = new() { Namespace = "kube-node-lease", Name = node }, Spec = new() { RenewTime = bed.Clock.GetUtcNow() } });
        }
        await bed.SettleAsync();
        return bed;
    }

    private static void Renew(Bed bed, params string[] nodes)
    {
        foreach (var node in nodes)
            bed.Api.Change<Lease>(new("kube-node-lease", node), l => l with { Spec = l.Spec with { RenewTime = bed.Clock.GetUtcNow() } });
    }

    private static async Task PassAsync(Bed bed, int seconds, params string[] alive)
    {
        for (var i = 0; i < seconds; i += 5)
        {
            Renew(bed, alive);
            await bed.PassAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static string Ready(Bed bed, string node) => bed.Get<Node>(node).Status.Conditions.Single(c => c.Type == "Ready").Status;

    private static Task<Pod> PodAsync(Bed bed, string node, long? tolerates) => bed.CreateAsync(new Pod
    {
        Metadata = new() { Namespace = "default", Name = "p-" + node },
        Spec = new()
        {
            NodeName = node,
            Tolerations = [new() { Key = "node.kubernetes.io/unreachable", Operator = "Exists", Effect = "NoExecute", TolerationSeconds = tolerates }],
        },
        Status = new() { Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True" }] },
    });

    [Fact]
    public async Task A_node_that_renews_its_lease_stays_ready()
    {
        await using var bed = await StartAsync("n1");
        await PassAsync(bed, 300, "n1");
        Assert.Equal("True", Ready(bed, "n1"));
        Assert.Empty(bed.Get<Node>("n1").Spec.Taints);
    }

    [Fact]
    public async Task A_silent_node_becomes_unknown_and_is_tainted_and_its_pods_serve_no_more()
    {
        await using var bed = await StartAsync("n1", "n2");
        await PodAsync(bed, "n1", 300);
        await PassAsync(bed, 40, "n2");
        Assert.Equal("True", Ready(bed, "n1"));
        await PassAsync(bed, 20, "n2");

        var node = bed.Get<Node>("n1");
        var ready = node.Status.Conditions.Single(c => c.Type == "Ready");
        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), (ready.Status, ready.Reason, ready.Message));
        Assert.Contains(node.Status.Conditions, c => c is { Type: "MemoryPressure", Status: "Unknown", Reason: "NodeStatusNeverUpdated" });
        Assert.Equal(["NoExecute", "NoSchedule"], node.Spec.Taints.Where(t => t.Key == "node.kubernetes.io/unreachable").Select(t => t.Effect).Order());
        Assert.False(PodFacts.IsReady(bed.Get<Pod>("p-n1")));
        Assert.Equal("True", Ready(bed, "n2"));
    }

    [Fact]
    public async Task Pods_leave_a_silent_node_when_they_tolerate_it_no_longer()
    {
        await using var bed = await StartAsync("n1", "n2");
        await PodAsync(bed, "n1", 300);
        await PassAsync(bed, 60, "n2");
        await PassAsync(bed, 270, "n2");
        Assert.Null(bed.Get<Pod>("p-n1").Metadata.DeletionTimestamp);
        await PassAsync(bed, 60, "n2");

        var pod = bed.Get<Pod>("p-n1");
        Assert.NotNull(pod.Metadata.DeletionTimestamp);
        Assert.Contains(pod.Status.Conditions, c => c is { Type: "DisruptionTarget", Status: "True", Reason: "DeletionByTaintManager" });
    }

    [Fact]
    public async Task A_node_that_comes_back_in_time_keeps_its_pods()
    {
        await using var bed = await StartAsync("n1", "n2");
        await PodAsync(bed, "n1", 300);
        await PassAsync(bed, 100, "n2");
        bed.Api.Change<Node>(new("", "n1"), n => n with
        {
            Status = n.Status with { Conditions = [new() { Type = "Ready", Status = "True", LastHeartbeatTime = bed.Clock.GetUtcNow() }] },
        });
        await PassAsync(bed, 600, "n1", "n2");

        Assert.Empty(bed.Get<Node>("n1").Spec.Taints);
        Assert.Null(bed.Get<Pod>("p-n1").Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task When_all_nodes_are_silent_nobody_is_driven_out()
    {
        await using var bed = await StartAsync("n1");
        await PodAsync(bed, "n1", 0);
        await PassAsync(bed, 600);

        Assert.Equal("Unknown", Ready(bed, "n1"));
        Assert.Null(bed.Get<Pod>("p-n1").Metadata.DeletionTimestamp);
        Assert.Equal(["NoSchedule"], bed.Get<Node>("n1").Spec.Taints.Select(t => t.Effect));
    }

    [Fact]
    public async Task A_cordoned_node_and_one_under_pressure_take_no_new_pods()
    {
        await using var bed = await StartAsync("n1");
        bed.Api.Change<Node>(new("", "n1"), n => n with
        {
            Spec = n.Spec with { Unschedulable = true, Taints = [new() { Key = "mine", Effect = "NoSchedule" }] },
            Status = n.Status with { Conditions = n.Status.Conditions.Add(new() { Type = "DiskPressure", Status = "True" }) },
        });
        await bed.SettleAsync();
        Assert.Equal(["mine", "node.kubernetes.io/disk-pressure", "node.kubernetes.io/unschedulable"], bed.Get<Node>("n1").Spec.Taints.Select(t => t.Key).Order());

        bed.Api.Change<Node>(new("", "n1"), n => n with { Spec = n.Spec with { Unschedulable = false } });
        await bed.SettleAsync();
        Assert.Equal(["mine", "node.kubernetes.io/disk-pressure"], bed.Get<Node>("n1").Spec.Taints.Select(t => t.Key).Order());
    }

    [Fact]
    public async Task A_pod_that_tolerates_a_taint_for_ever_stays_and_one_that_does_not_goes_at_once()
    {
        await using var bed = await Bed.StartAsync("taint-eviction-controller");
        await bed.CreateAsync(new Node { Metadata = new() { Name = "n1" } });
        await PodAsync(bed, "n1", null);
        await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "default", Name = "plain" }, Spec = new() { NodeName = "n1" }, Status = new() { Phase = "Running" } });
        bed.Api.Change<Node>(new("", "n1"), n => n with { Spec = n.Spec with { Taints = [new() { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute", TimeAdded = bed.Clock.GetUtcNow() }] } });
        await bed.SettleAsync();

        Assert.NotNull(bed.Get<Pod>("plain").Metadata.DeletionTimestamp);
        Assert.Null(bed.Get<Pod>("p-n1").Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task Pods_of_a_node_that_is_gone_are_removed_after_a_while()
    {
        await using var bed = await Bed.StartAsync("pod-garbage-collector-controller");
        await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "default", Name = "p" }, Spec = new() { NodeName = "gone" }, Status = new() { Phase = "Running" } });
        await bed.PassAsync(TimeSpan.FromSeconds(41), steps: 2);
        Assert.Single(bed.Api.All<Pod>());
        await bed.PassAsync(TimeSpan.FromSeconds(60), steps: 3);
        Assert.Empty(bed.Api.All<Pod>());
    }

    [Fact]
    public async Task Finished_pods_beyond_the_number_kept_go_oldest_first()
    {
        await using var bed = await Bed.StartAsync(["pod-garbage-collector-controller"], new() { TerminatedPodGCThreshold = 2 });
        for (var i = 0; i < 4; i++)
        {
            await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "default", Name = $"p{i}" }, Status = new() { Phase = "Succeeded" } });
            bed.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        await bed.PassAsync(TimeSpan.FromSeconds(21));
        Assert.Equal(["p2", "p3"], bed.Api.All<Pod>().Select(p => p.Metadata.Name));
    }
}
