using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using static Coxswain.Controllers.Tests.BedActions;

namespace Coxswain.Controllers.Tests;

public sealed class ReplicaSetTests
{
    internal static ReplicaSet Set(int replicas, string name = "web") => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new() { Replicas = replicas, Selector = Select("web"), Template = Template("web") },
    };

    [Fact]
    public async Task As_many_pods_are_made_as_are_wanted_each_controlled_by_the_set()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        var set = await bed.CreateAsync(Set(3));
        await bed.SettleAsync();

        Assert.Equal(3, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.True(Owners.IsControlledBy(p.Metadata, set)));
        Assert.Equal(3, bed.Get<ReplicaSet>("web").Status.Replicas);
        Assert.Equal(3, bed.Get<ReplicaSet>("web").Status.FullyLabeledReplicas);
    }

    [Fact]
    public async Task Ready_pods_are_counted_and_available_only_after_their_time()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        var set = Set(2);
        await bed.CreateAsync(set with { Spec = set.Spec with { MinReadySeconds = 10 } });
        await bed.SettleAsync();
        bed.RunPods();
        await bed.SettleAsync();

        Assert.Equal(2, bed.Get<ReplicaSet>("web").Status.ReadyReplicas);
        Assert.Equal(0, bed.Get<ReplicaSet>("web").Status.AvailableReplicas);
        await bed.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2, bed.Get<ReplicaSet>("web").Status.AvailableReplicas);
    }

    [Fact]
    public async Task A_pod_that_vanishes_is_replaced()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(2));
        await bed.SettleAsync();
        var victim = bed.ActivePods()[0];
        await bed.Api.DeleteAsync<Pod>(victim.FullName(), null, Bed.Cancellation);
        await bed.SettleAsync();

        Assert.Equal(2, bed.ActivePods().Count);
        Assert.DoesNotContain(bed.ActivePods(), p => p.Metadata.Uid == victim.Metadata.Uid);
    }

    [Fact]
    public async Task Pods_that_do_not_serve_yet_go_first_when_there_are_too_many()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(2));
        await bed.SettleAsync();
        bed.RunPods();
        bed.Api.Change<ReplicaSet>(new("default", "web"), s => s with { Spec = s.Spec with { Replicas = 4 } });
        await bed.SettleAsync();
        bed.Api.Change<ReplicaSet>(new("default", "web"), s => s with { Spec = s.Spec with { Replicas = 2 } });
        await bed.SettleAsync();

        Assert.Equal(2, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.True(PodFacts.IsReady(p)));
    }

    [Fact]
    public async Task The_cost_of_deletion_decides_between_pods_that_serve_alike()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(3));
        await bed.SettleAsync();
        bed.RunPods();
        var cheap = bed.ActivePods()[1];
        bed.Api.Change<Pod>(cheap.FullName(), p => p with
        {
            Metadata = p.Metadata with { Annotations = ApiMap.Of("controller.kubernetes.io/pod-deletion-cost", "-5") },
        });
        bed.Api.Change<ReplicaSet>(new("default", "web"), s => s with { Spec = s.Spec with { Replicas = 2 } });
        await bed.SettleAsync();

        Assert.DoesNotContain(bed.ActivePods(), p => p.Metadata.Uid == cheap.Metadata.Uid);
    }

    [Fact]
    public async Task An_orphan_that_matches_is_adopted_and_one_that_no_longer_matches_is_let_go()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(new Pod { Metadata = new() { Namespace = "default", Name = "loose", Labels = ApiMap.Of("app", "web") } });
        var set = await bed.CreateAsync(Set(1));
        await bed.SettleAsync();
        Assert.Equal(["loose"], bed.ActivePods().Select(p => p.Metadata.Name));
        Assert.True(Owners.IsControlledBy(bed.Get<Pod>("loose").Metadata, set));

        bed.Api.Change<Pod>(new("default", "loose"), p => p with { Metadata = p.Metadata with { Labels = ApiMap.Of("app", "other") } });
        await bed.SettleAsync();
        Assert.Empty(bed.Get<Pod>("loose").Metadata.OwnerReferences);
        Assert.Equal(2, bed.ActivePods().Count);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_by_a_condition_that_goes_when_all_is_well()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        bed.Api.BeforeWrite = (verb, o) =>
        {
            if (verb == "create" && o is Pod)
                throw new ApiException(Statuses.Forbidden(new("", "pods"), "", "exceeded quota: q"));
        };
        await bed.CreateAsync(Set(1));
        await bed.SettleAsync();
        var condition = Assert.Single(bed.Get<ReplicaSet>("web").Status.Conditions);
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (condition.Type, condition.Status, condition.Reason));
        Assert.Contains("exceeded quota: q", condition.Message, StringComparison.Ordinal);

        bed.Api.BeforeWrite = null;
        await bed.PassAsync(TimeSpan.FromMinutes(20));
        Assert.Empty(bed.Get<ReplicaSet>("web").Status.Conditions);
        Assert.Single(bed.ActivePods());
    }

    [Fact]
    public async Task A_thousand_pods_are_neither_too_many_nor_too_few_though_the_lister_lags()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(1000));
        await bed.SettleAsync();

        Assert.Equal(1000, bed.Api.All<Pod>().Count);
        Assert.Equal(1000, bed.Api.Writes.Count(w => w == "create Pod"));
        Assert.Equal(1000, bed.Get<ReplicaSet>("web").Status.Replicas);
    }

    [Fact]
    public async Task A_refusal_stops_the_growing_batches_early()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        var attempts = 0;
        bed.Api.BeforeWrite = (verb, o) =>
        {
            if (verb == "create" && o is Pod && ++attempts > 0)
                throw new ApiException(Statuses.Forbidden(new("", "pods"), "", "exceeded quota: q"));
        };
        await bed.CreateAsync(Set(1000));
        await bed.SettleAsync();

        Assert.InRange(attempts, 1, 40);
    }

    [Fact]
    public async Task Events_tell_of_pods_in_upstreams_words()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(1));
        await bed.SettleAsync();

        var pod = Assert.Single(bed.ActivePods());
        await Testing.Eventually.HoldsAsync(() =>
        {
            var told = Assert.Single(bed.Api.All<Event>());
            Assert.Equal(("SuccessfulCreate", "Created pod: " + pod.Metadata.Name, "Normal", "replicaset-controller"),
                (told.Reason, told.Message, told.Type, told.Source.Component));
            Assert.Equal(("ReplicaSet", "web", "apps/v1"), (told.InvolvedObject.Kind, told.InvolvedObject.Name, told.InvolvedObject.ApiVersion));
        }, Bed.Cancellation);
    }

    [Fact]
    public async Task Finished_pods_do_not_count()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(Set(1));
        await bed.SettleAsync();
        bed.FinishPods(PodPhase.Failed);
        await bed.SettleAsync();

        Assert.Equal(2, bed.Api.All<Pod>().Count);
        Assert.Single(bed.ActivePods());
    }
}
