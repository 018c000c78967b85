using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using static Coxswain.Controllers.Tests.BedActions;

namespace Coxswain.Controllers.Tests;

public sealed class DaemonSetTests
{
    private static readonly NamespacedName Agent = new("default", "agent");

    internal static DaemonSet Make(string image = "agent:1") => new()
    {
        Metadata = new() { Namespace = "default", Name = "agent" },
        Spec = new()
        {
            Selector = Select("agent"),
            Template = Template("agent", image),
            UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxUnavailable = new IntOrString(1) } },
        },
    };

    private static Task<Node> NodeAsync(Bed bed, string name, string disk = "ssd", params Taint[] taints) =>
        bed.CreateAsync(new Node { Metadata = new() { Name = name, Labels = ApiMap.Of("disk", disk) }, Spec = new() { Taints = taints.ToApiList() } });

    private static IEnumerable<string> Nodes(Bed bed) => bed.ActivePods().Select(DaemonPods.NodeOf).Order();

    /// <summary>Binds and runs pods where they are meant to be.</summary>
    private static async Task RunAsync(Bed bed, int rounds = 4)
    {
        for (var i = 0; i < rounds; i++)
        {
            await bed.SettleAsync();
            foreach (var pod in bed.ActivePods().Where(p => !PodFacts.IsReady(p)))
                bed.Api.Change<Pod>(pod.FullName(), p => p with
                {
                    Spec = p.Spec with { NodeName = DaemonPods.NodeOf(p) },
                    Status = p.Status with { Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True", LastTransitionTime = bed.Clock.GetUtcNow() }] },
                });
            foreach (var ending in bed.Api.All<Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
                await bed.Api.DeleteAsync<Pod>(ending.FullName(), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        }
        await bed.SettleAsync();
    }

    [Fact]
    public async Task Each_node_that_fits_has_one_pod_and_new_nodes_get_theirs()
    {
        await using var bed = await Bed.StartAsync("daemonset-controller");
        await NodeAsync(bed, "n1");
        await NodeAsync(bed, "n2", "hdd");
        await NodeAsync(bed, "n3", "ssd", new Taint { Key = "dedicated", Effect = "NoSchedule" });
        await NodeAsync(bed, "n4", "ssd", new Taint { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute" });
        var set = Make();
        await bed.CreateAsync(set with { Spec = set.Spec with { Template = set.Spec.Template with { Spec = set.Spec.Template.Spec with { NodeSelector = ApiMap.Of("disk", "ssd") } } } });
        await RunAsync(bed);
        Assert.Equal(["n1", "n4"], Nodes(bed));

        await NodeAsync(bed, "n5");
        await RunAsync(bed);
        Assert.Equal(["n1", "n4", "n5"], Nodes(bed));
        var status = bed.Get<DaemonSet>("agent").Status;
        Assert.Equal((3, 3, 3, 3, 3, 0, 0), (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberReady, status.NumberAvailable,
            status.UpdatedNumberScheduled, status.NumberUnavailable, status.NumberMisscheduled));
    }

    [Fact]
    public async Task A_pod_leaves_a_node_that_no_longer_fits_and_one_that_is_gone()
    {
        await using var bed = await Bed.StartAsync("daemonset-controller");
        await NodeAsync(bed, "n1");
        await NodeAsync(bed, "n2");
        await bed.CreateAsync(Make());
        await RunAsync(bed);
        await bed.Api.DeleteAsync<Node>(new("", "n1"), null, Bed.Cancellation);
        bed.Api.Change<Node>(new("", "n2"), n => n with { Spec = n.Spec with { Taints = [new() { Key = "x", Effect = "NoExecute" }] } });
        await RunAsync(bed);
        Assert.Empty(bed.Api.All<Pod>());
    }

    [Fact]
    public async Task A_failed_pod_is_replaced()
    {
        await using var bed = await Bed.StartAsync("daemonset-controller");
        await NodeAsync(bed, "n1");
        await bed.CreateAsync(Make());
        await RunAsync(bed);
        bed.FinishPods("Failed");
        await RunAsync(bed);
        Assert.Equal(["n1"], Nodes(bed));
        Assert.Single(bed.Api.All<Pod>());
    }

    [Fact]
    public async Task A_rolling_update_replaces_one_node_after_the_other()
    {
        await using var bed = await Bed.StartAsync("daemonset-controller");
        foreach (var node in (string[])["n1", "n2", "n3"])
            await NodeAsync(bed, node);
        await bed.CreateAsync(Make());
        await RunAsync(bed);
        bed.Api.Change<DaemonSet>(Agent, s => s with { Spec = s.Spec with { Template = Template("agent", "agent:2") } });
        for (var i = 0; i < 8; i++)
        {
            await bed.SettleAsync();
            Assert.True(bed.ActivePods().Count(PodFacts.IsReady) >= 2);
            await RunAsync(bed, 1);
        }
        Assert.All(bed.ActivePods(), p => Assert.Equal("agent:2", p.Spec.Containers[0].Image));
        Assert.Equal(["n1", "n2", "n3"], Nodes(bed));
        Assert.Equal(2, bed.Api.All<ControllerRevision>().Count);
    }

    [Fact]
    public async Task With_surge_the_new_pod_serves_before_the_old_one_goes()
    {
        await using var bed = await Bed.StartAsync("daemonset-controller");
        await NodeAsync(bed, "n1");
        await NodeAsync(bed, "n2");
        var set = Make();
        await bed.CreateAsync(set with
        {
            Spec = set.Spec with { UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = new IntOrString(1), MaxUnavailable = new IntOrString(0) } } },
        });
        await RunAsync(bed);
        bed.Api.Change<DaemonSet>(Agent, s => s with { Spec = s.Spec with { Template = Template("agent", "agent:2") } });
        for (var i = 0; i < 8; i++)
        {
            await bed.SettleAsync();
            Assert.True(bed.ActivePods().Where(PodFacts.IsReady).DistinctBy(DaemonPods.NodeOf).Count() == 2);
            Assert.InRange(bed.ActivePods().Count, 2, 3);
            await RunAsync(bed, 1);
        }
        Assert.All(bed.ActivePods(), p => Assert.Equal("agent:2", p.Spec.Containers[0].Image));
        Assert.Equal(["n1", "n2"], Nodes(bed));
    }
}
