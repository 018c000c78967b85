using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Policy.V1;
using Coxswain.Api.Rbac.V1;
using Coxswain.Client;

namespace Coxswain.Controllers.Tests;

public sealed class ClusterTests
{
    [Fact]
    public async Task An_aggregated_role_has_the_rules_of_those_it_selects_and_follows_them()
    {
        await using var bed = await Bed.StartAsync("clusterrole-aggregation-controller");
        var labels = ApiMap.Of("aggregate-to-view", "true");
        await bed.CreateAsync(new ClusterRole { Metadata = new() { Name = "view" }, AggregationRule = new() { ClusterRoleSelectors = [new() { MatchLabels = labels }] } });
        await bed.CreateAsync(new ClusterRole { Metadata = new() { Name = "a", Labels = labels }, Rules = [ControllerEntry.Allow("", "pods", "get")] });
        await bed.CreateAsync(new ClusterRole { Metadata = new() { Name = "b" }, Rules = [ControllerEntry.Allow("", "secrets", "get")] });
        await bed.SettleAsync();
        Assert.Equal(["pods"], bed.Get<ClusterRole>("view").Rules.SelectMany(r => r.Resources));

        bed.Api.Change<ClusterRole>(new("", "b"), r => r with { Metadata = r.Metadata with { Labels = labels } });
        await bed.SettleAsync();
        Assert.Equal(["pods", "secrets"], bed.Get<ClusterRole>("view").Rules.SelectMany(r => r.Resources));
    }

    [Fact]
    public async Task Each_node_gets_a_range_of_its_own_and_the_last_node_an_event_when_there_are_no_more()
    {
        await using var bed = await Bed.StartAsync(["node-ipam-controller"], new() { ClusterCidr = "10.244.0.0/23", NodeCidrMaskSize = 24 });
        foreach (var name in (string[])["a", "b", "c"])
            await bed.CreateAsync(new Node { Metadata = new() { Name = name } });
        await bed.SettleAsync();
        Assert.Equal(["", "10.244.0.0/24", "10.244.1.0/24"], bed.Api.All<Node>().Select(n => n.Spec.PodCIDR).Order());
        await Testing.Eventually.TrueAsync(() => bed.Api.All<Event>().Any(e => e.Reason == "CIDRNotAvailable"), cancellation: Bed.Cancellation);

        await bed.Api.DeleteAsync<Node>(bed.Api.All<Node>().First(n => n.Spec.PodCIDR.Length > 0).FullName(), null, Bed.Cancellation);
        await bed.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24"], bed.Api.All<Node>().Select(n => n.Spec.PodCIDR).Order());
    }

    [Theory]
    [InlineData("10.0.0.0/8", 24, 300, "10.1.44.0/24")]
    [InlineData("fd00::/48", 64, 1, "fd00:0:0:1::/64")]
    [InlineData("0.0.0.0/0", 8, 3, "3.0.0.0/8")]
    public void A_pool_cuts_its_range_into_blocks(string range, int prefix, int index, string expected) =>
        Assert.Equal(expected, new CidrPool(range, prefix).Block(index));

    [Fact]
    public async Task A_budget_says_how_many_pods_may_be_evicted()
    {
        await using var bed = await Bed.StartAsync([.. DeploymentTests.Controllers, "disruption-controller"]);
        await bed.CreateAsync(new PodDisruptionBudget
        {
            Metadata = new() { Namespace = "default", Name = "b", Generation = 1 },
            Spec = new() { Selector = BedActions.Select("web"), MaxUnavailable = new IntOrString("50%") },
        });
        await bed.CreateAsync(DeploymentTests.Make(4));
        await bed.SettleAsync();
        Assert.Equal((4, 0, 2, 0), Numbers(bed));
        await bed.RolloutAsync(3);
        Assert.Equal((4, 4, 2, 2), Numbers(bed));
        Assert.Equal(("DisruptionAllowed", "True", "SufficientPods"), bed.Get<PodDisruptionBudget>("b").Status.Conditions.Select(c => (c.Type, c.Status, c.Reason)).Single());

        // An eviction that was granted is taken away until the pod goes or the grant expires.
        var victim = bed.ActivePods()[0].Metadata.Name;
        bed.Api.Change<PodDisruptionBudget>(new("default", "b"), b => b with { Status = b.Status with { DisruptedPods = ApiMap.Of(victim, bed.Clock.GetUtcNow()) } });
        await bed.SettleAsync();
        Assert.Equal((4, 3, 2, 1), Numbers(bed));
        await bed.PassAsync(TimeSpan.FromMinutes(3));
        Assert.Equal((4, 4, 2, 2), Numbers(bed));
    }

    [Fact]
    public async Task Pods_without_a_controller_are_told_of_where_a_share_of_them_is_asked_for()
    {
        await using var bed = await Bed.StartAsync("disruption-controller");
        await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "default", Name = "bare", Labels = ApiMap.Of("app", "web") }, Status = new() { Phase = "Running" } });
        await bed.CreateAsync(new PodDisruptionBudget { Metadata = new() { Namespace = "default", Name = "b" }, Spec = new() { Selector = BedActions.Select("web"), MaxUnavailable = new IntOrString(1) } });
        await bed.SettleAsync();
        await bed.ToldAsync("UnmanagedPods", "Pods selected by this PodDisruptionBudget (selector: app=web) were found to be unmanaged.");
        Assert.Equal((0, 0, 0, 0), Numbers(bed));
    }

    private static (int, int, int, int) Numbers(Bed bed)
    {
        var status = bed.Get<PodDisruptionBudget>("b").Status;
        return (status.ExpectedPods, status.CurrentHealthy, status.DesiredHealthy, status.DisruptionsAllowed);
    }

    [Fact]
    public void Names_in_the_table_are_unique_and_every_identity_has_a_role()
    {
        Assert.Equal(ControllerTable.All.Count, ControllerTable.All.Select(e => e.Name).Distinct().Count());
        Assert.All(ControllerTable.All, e => Assert.Contains(ControllerRoles.Roles, r => r.Metadata.Name == "system:controller:" + e.Identity));
        Assert.All(ControllerRoles.Roles, r => Assert.NotEmpty(r.Rules));
    }

    [Fact]
    public void Controllers_are_chosen_by_name_or_left_out()
    {
        Assert.True(ControllerManager.IsWanted("job-controller", ["*"]));
        Assert.False(ControllerManager.IsWanted("job-controller", ["*", "-job-controller"]));
        Assert.False(ControllerManager.IsWanted("job-controller", ["namespace-controller"]));
    }
}
