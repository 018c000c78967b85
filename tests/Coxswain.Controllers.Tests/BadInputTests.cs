using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Batch.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers.Tests;

/// <summary>What users get wrong costs bounded work, is told, and harms nobody else.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task Two_sets_with_one_selector_each_keep_their_own_pods_and_do_not_fight()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        await bed.CreateAsync(ReplicaSetTests.Set(2));
        await bed.CreateAsync(ReplicaSetTests.Set(3, "rival"));
        for (var i = 0; i < 3; i++)
        {
            await bed.SettleAsync();
            bed.RunPods();
        }
        await bed.SettleAsync();
        var writes = bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal));
        await bed.PassAsync(TimeSpan.FromHours(1), 10);
        bed.WakeAll();
        await bed.SettleAsync();

        Assert.Equal(2, bed.ActivePods().Count(p => Owners.ControllerOf(p.Metadata)!.Name == "web"));
        Assert.Equal(3, bed.ActivePods().Count(p => Owners.ControllerOf(p.Metadata)!.Name == "rival"));
        Assert.Equal(writes, bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_deployments_with_one_selector_keep_their_own_sets()
    {
        await using var bed = await Bed.StartAsync(DeploymentTests.Controllers);
        await bed.CreateAsync(DeploymentTests.Make(2));
        await bed.CreateAsync(DeploymentTests.Make(3, "other:1") with { Metadata = new() { Namespace = "default", Name = "rival" } });
        await bed.RolloutAsync(6);
        var writes = bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal));
        await bed.PassAsync(TimeSpan.FromMinutes(30), 6);
        bed.WakeAll();
        await bed.SettleAsync();

        Assert.Equal(2, bed.Api.All<ReplicaSet>().Count);
        Assert.Equal((2, 3), (bed.Get<Deployment>("web").Status.AvailableReplicas, bed.Get<Deployment>("rival").Status.AvailableReplicas));
        Assert.Equal(writes, bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_selector_of_everything_is_refused_with_an_event()
    {
        await using var bed = await Bed.StartAsync(DeploymentTests.Controllers);
        var all = DeploymentTests.Make(2);
        await bed.CreateAsync(all with { Spec = all.Spec with { Selector = new() } });
        await bed.SettleAsync();
        await bed.ToldAsync("SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
        Assert.Empty(bed.Api.All<ReplicaSet>());
    }

    [Fact]
    public async Task A_million_replicas_come_in_bounded_portions_and_a_small_set_is_served_between_them()
    {
        await using var bed = await Bed.StartAsync();
        var entry = ControllerTable.All.Single(e => e.Name == "replicaset-controller");
        await using var informers = new InformerFactory(bed.Api, bed.Clock);
        var context = new ControllerContext
        {
            Api = bed.Api, Informers = informers, Queue = new("replicasets", bed.Clock), Clock = bed.Clock,
            Logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, Options = new() { Gathering = TimeSpan.Zero },
        };
        var reconciler = entry.Make(context);
        await bed.CreateAsync(ReplicaSetTests.Set(1_000_000, "huge"));
        await bed.CreateAsync(ReplicaSetTests.Set(1, "small"));
        informers.Start();
        await informers.WaitForSyncAsync(Bed.Cancellation);

        // One turn of the huge one makes so many and no more; then it is the other's turn.
        await reconciler.ReconcileAsync(new("default", "huge"), Bed.Cancellation);
        Assert.Equal(500, bed.ActivePods().Count);
        await reconciler.ReconcileAsync(new("default", "small"), Bed.Cancellation);
        Assert.Equal(501, bed.ActivePods().Count);
        context.Queue.Dispose();
    }

    [Fact]
    public async Task A_parallel_stateful_set_of_a_million_comes_in_bounded_portions_and_goes_so()
    {
        await using var bed = await Bed.StartAsync();
        await using var informers = new InformerFactory(bed.Api, bed.Clock);
        var context = new ControllerContext
        {
            Api = bed.Api, Informers = informers, Queue = new("statefulsets", bed.Clock), Clock = bed.Clock,
            Logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, Options = new() { Gathering = TimeSpan.Zero },
        };
        var reconciler = ControllerTable.All.Single(e => e.Name == "statefulset-controller").Make(context);
        await bed.CreateAsync(StatefulSetTests.Make(1_000_000, s => s with { PodManagementPolicy = "Parallel", VolumeClaimTemplates = default }));
        informers.Start();
        await informers.WaitForSyncAsync(Bed.Cancellation);

        await reconciler.ReconcileAsync(new("default", "db"), Bed.Cancellation);
        Assert.Equal(500, bed.ActivePods().Count);
        context.Queue.Dispose();
    }

    [Fact]
    public async Task A_clock_that_is_set_back_delays_nobody()
    {
        await using var bed = await Bed.StartAsync("horizontal-pod-autoscaler-controller");
        await bed.CreateAsync(AutoscalerTests.Target(1));
        await bed.CreateAsync(AutoscalerTests.Make(AutoscalerTests.Cpu()));
        await bed.SettleAsync();
        bed.Clock.Jump(TimeSpan.FromHours(-5));
        // Beyond its bounds it is scaled without metrics, at its next turn: that is due in fifteen seconds, not in five hours.
        bed.Api.Change<Deployment>(new("default", "web"), d => d with { Spec = d.Spec with { Replicas = 20 } });
        await bed.PassAsync(TimeSpan.FromSeconds(20), 2);
        Assert.Equal(10, bed.Get<Deployment>("web").Spec.Replicas);
    }

    [Fact]
    public async Task What_the_quota_refuses_is_tried_once_a_turn_and_told_by_condition_and_event()
    {
        await using var bed = await Bed.StartAsync("replicaset-controller");
        bed.Api.BeforeWrite = (verb, o) =>
        {
            if (verb == "create" && o is Pod)
                throw new ApiException(Statuses.Forbidden(Pod.Descriptor.Resource.GroupResource, "", "exceeded quota: small"));
        };
        await bed.CreateAsync(ReplicaSetTests.Set(1_000_000));
        await bed.SettleAsync();

        // Slow start: the first attempt is one pod, and its failure ends the turn.
        await bed.ToldAsync("FailedCreate", "exceeded quota: small");
        Assert.Contains(bed.Get<ReplicaSet>("web").Status.Conditions, c => c is { Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate" });
        Assert.Empty(bed.ActivePods());
    }

    [Fact]
    public async Task A_circle_of_owners_ends_and_a_circle_of_the_living_is_left_alone()
    {
        await using var bed = await Bed.StartAsync("garbage-collector-controller");
        var first = await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = "first" } });
        var second = await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = "second", OwnerReferences = [Reference(first)] } });
        bed.Api.Change<ConfigMap>(new("default", "first"), m => m with { Metadata = m.Metadata with { OwnerReferences = [Reference(second)] } });
        await bed.PassAsync(TimeSpan.FromMinutes(5), 5);
        Assert.Equal(2, bed.Api.All<ConfigMap>().Count);

        await bed.Api.DeleteAsync<ConfigMap>(new("default", "first"), new() { PropagationPolicy = "Foreground" }, Bed.Cancellation);
        await bed.PassAsync(TimeSpan.FromMinutes(5), 5);
        Assert.Empty(bed.Api.All<ConfigMap>());
    }

    [Fact]
    public async Task An_owner_in_another_namespace_is_none_and_the_author_is_told()
    {
        await using var bed = await Bed.StartAsync("garbage-collector-controller");
        var owner = await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "elsewhere", Name = "owner" } });
        await bed.SettleAsync();
        await bed.CreateAsync(new ConfigMap { Metadata = new() { Namespace = "default", Name = "child", OwnerReferences = [Reference(owner)] } });
        await bed.PassAsync(TimeSpan.FromMinutes(1), 3);

        await bed.ToldAsync("OwnerRefInvalidNamespace", $"ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {owner.Metadata.Uid}] does not exist in namespace \"default\"");
        Assert.Equal("owner", Assert.Single(bed.Api.All<ConfigMap>()).Metadata.Name);
    }

    [Fact]
    public async Task A_time_zone_that_does_not_exist_is_told_and_others_run_on()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(CronJobTests.Make("*/2 * * * *", s => s with { TimeZone = "Middle/Earth" }) with { Metadata = new() { Namespace = "default", Name = "lost" } });
        await bed.CreateAsync(CronJobTests.Make("*/2 * * * *"));
        await bed.PassAsync(TimeSpan.FromMinutes(3), 3);

        await bed.ToldAsync("UnknownTimeZone", "invalid timeZone: \"Middle/Earth\": unknown time zone Middle/Earth");
        Assert.Equal("nightly", Owners.ControllerOf(Assert.Single(bed.Api.All<Job>()).Metadata)!.Name);
    }

    [Fact]
    public async Task A_clock_that_jumps_forward_by_years_starts_one_job_not_millions()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(CronJobTests.Make("* * * * *"));
        await bed.PassAsync(TimeSpan.FromDays(3650));

        Assert.Single(bed.Api.All<Job>());
        await bed.ToldAsync("TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
    }

    [Fact]
    public async Task A_schedule_that_lies_in_the_future_after_the_clock_was_set_back_starts_nothing_twice()
    {
        await using var bed = await Bed.StartAsync("cronjob-controller");
        await bed.CreateAsync(CronJobTests.Make("*/10 * * * *"));
        bed.Api.Change<CronJob>(new("default", "nightly"), c => c with { Status = c.Status with { LastScheduleTime = bed.Clock.GetUtcNow().AddHours(5) } });
        await bed.PassAsync(TimeSpan.FromMinutes(35), 7);
        Assert.Empty(bed.Api.All<Job>());
    }

    private static OwnerReference Reference(ConfigMap owner) =>
        new() { ApiVersion = "v1", Kind = "ConfigMap", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid, BlockOwnerDeletion = true };
}
