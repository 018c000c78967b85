using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using static Coxswain.Controllers.Tests.BedActions;

namespace Coxswain.Controllers.Tests;

public sealed class StatefulSetTests
{
    private static readonly NamespacedName Db = new("default", "db");

    internal static StatefulSet Make(int replicas, Func<StatefulSetSpec, StatefulSetSpec>? change = null)
    {
        var spec = new StatefulSetSpec
        {
            Replicas = replicas,
            Selector = Select("db"),
            Template = Template("db"),
            ServiceName = "db",
            PodManagementPolicy = "OrderedReady",
            UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { Partition = 0 } },
            VolumeClaimTemplates = [new() { Metadata = new() { Name = "data" } }],
        };
        return new() { Metadata = new() { Namespace = "default", Name = "db" }, Spec = change?.Invoke(spec) ?? spec };
    }

    private static IEnumerable<string> Names(Bed bed) => bed.ActivePods().Select(p => p.Metadata.Name);

    [Fact]
    public async Task Pods_come_one_after_the_other_each_with_its_name_and_claim()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller");
        await bed.CreateAsync(Make(3));
        for (var i = 1; i <= 3; i++)
        {
            await bed.SettleAsync();
            Assert.Equal(i, bed.ActivePods().Count);
            bed.RunPods();
        }
        await bed.SettleAsync();

        Assert.Equal(["db-0", "db-1", "db-2"], Names(bed));
        Assert.Equal(["data-db-0", "data-db-1", "data-db-2"], bed.Api.All<PersistentVolumeClaim>().Select(c => c.Metadata.Name));
        var pod = bed.Get<Pod>("db-1");
        Assert.Equal(("db-1", "db", "data-db-1", "1"), (pod.Spec.Hostname, pod.Spec.Subdomain, pod.Spec.Volumes[0].PersistentVolumeClaim!.ClaimName,
            pod.Metadata.Labels["apps.kubernetes.io/pod-index"]));
        var status = bed.Get<StatefulSet>("db").Status;
        Assert.Equal((3, 3, 3, 3), (status.Replicas, status.ReadyReplicas, status.CurrentReplicas, status.UpdatedReplicas));
        Assert.Equal(status.CurrentRevision, status.UpdateRevision);
        Assert.Equal(status.CurrentRevision, pod.Metadata.Labels["controller-revision-hash"]);
    }

    [Fact]
    public async Task A_parallel_set_starts_all_at_once()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller");
        await bed.CreateAsync(Make(3, s => s with { PodManagementPolicy = "Parallel", Ordinals = new() { Start = 5 } }));
        await bed.SettleAsync();
        Assert.Equal(["db-5", "db-6", "db-7"], Names(bed));
    }

    [Fact]
    public async Task Scaling_down_takes_the_highest_first_and_keeps_the_claims()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller");
        await bed.CreateAsync(Make(3));
        await bed.RolloutAsync(6);
        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { Replicas = 1 } });
        await bed.SettleAsync();
        Assert.Equal(["db-0", "db-1"], Names(bed));     // db-1 waits for the end of db-2
        await bed.RolloutAsync(4);
        Assert.Equal(["db-0"], Names(bed));
        Assert.Equal(3, bed.Api.All<PersistentVolumeClaim>().Count);
    }

    [Fact]
    public async Task A_rolling_update_goes_from_the_top_down_to_the_partition_and_can_be_undone()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller");
        await bed.CreateAsync(Make(3));
        await bed.RolloutAsync(6);
        bed.Api.Change<StatefulSet>(Db, s => s with
        {
            Spec = s.Spec with { Template = Template("db", "db:2"), UpdateStrategy = new() { Type = "RollingUpdate", RollingUpdate = new() { Partition = 1 } } },
        });
        await bed.SettleAsync();
        Assert.NotNull(bed.Get<Pod>("db-2").Metadata.DeletionTimestamp);
        Assert.Null(bed.Get<Pod>("db-1").Metadata.DeletionTimestamp);
        await bed.RolloutAsync(8);
        Assert.Equal(["nginx:1", "db:2", "db:2"], bed.ActivePods().Select(p => p.Spec.Containers[0].Image));
        var status = bed.Get<StatefulSet>("db").Status;
        Assert.Equal((1, 2), (status.CurrentReplicas, status.UpdatedReplicas));

        // A pod below the partition that dies comes back as it was.
        await bed.Api.DeleteAsync<Pod>(new("default", "db-0"), null, Bed.Cancellation);
        await bed.RolloutAsync(4);
        Assert.Equal("nginx:1", bed.Get<Pod>("db-0").Spec.Containers[0].Image);

        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { Template = Template("db") } });
        await bed.RolloutAsync(10);
        Assert.All(bed.ActivePods(), p => Assert.Equal("nginx:1", p.Spec.Containers[0].Image));
        Assert.Equal(2, bed.Api.All<ControllerRevision>().Count);
        Assert.Equal(bed.Get<StatefulSet>("db").Status.CurrentRevision, bed.Get<StatefulSet>("db").Status.UpdateRevision);
    }

    [Fact]
    public async Task Claims_go_with_pods_that_are_scaled_away_when_that_is_asked_for()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller", "garbage-collector-controller");
        await bed.CreateAsync(Make(2, s => s with { PersistentVolumeClaimRetentionPolicy = new() { WhenScaled = "Delete", WhenDeleted = "Retain" } }));
        await bed.RolloutAsync(4);
        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { Replicas = 1 } });
        await bed.RolloutAsync(4);
        Assert.Equal(["data-db-0"], bed.Api.All<PersistentVolumeClaim>().Select(c => c.Metadata.Name));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task Lost_and_doubled_wake_ups_end_in_the_same_state(int seed)
    {
        await using var bed = await Bed.StartAsync(["statefulset-controller"], chaos: new Random(seed));
        await bed.CreateAsync(Make(4));
        await bed.RolloutAsync(5);
        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { Template = Template("db", "db:2"), Replicas = 3 } });
        await bed.RolloutAsync(5);
        bed.Chaos = null;
        for (var i = 0; i < 4; i++)
        {
            bed.WakeAll();
            await bed.RolloutAsync(5);
        }
        Assert.Equal(["db-0", "db-1", "db-2"], Names(bed));
        Assert.All(bed.ActivePods(), p => Assert.Equal("db:2", p.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task A_changed_retention_policy_reaches_the_claims_there_are_but_not_those_of_others()
    {
        await using var bed = await Bed.StartAsync("statefulset-controller");
        await bed.CreateAsync(Make(2));
        await bed.RolloutAsync(4);
        Assert.All(bed.Api.All<PersistentVolumeClaim>(), c => Assert.Empty(c.Metadata.OwnerReferences));

        bed.Api.Change<PersistentVolumeClaim>(new("default", "data-db-1"), c => c with
        {
            Metadata = c.Metadata with { OwnerReferences = [new() { ApiVersion = "v1", Kind = "ConfigMap", Name = "other", Uid = "other", Controller = true }] },
        });
        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Delete", WhenScaled = "Retain" } } });
        await bed.RolloutAsync(2);
        var owner = Assert.Single(bed.Get<PersistentVolumeClaim>("data-db-0").Metadata.OwnerReferences);
        Assert.Equal(("StatefulSet", "db", true), (owner.Kind, owner.Name, owner.Controller));
        Assert.Equal("other", Assert.Single(bed.Get<PersistentVolumeClaim>("data-db-1").Metadata.OwnerReferences).Name);
        await bed.ToldAsync("ConflictingController", "PersistentVolumeClaim default/data-db-1 has a conflicting OwnerReference that acts as a managing controller");

        bed.Api.Change<StatefulSet>(Db, s => s with { Spec = s.Spec with { PersistentVolumeClaimRetentionPolicy = null } });
        await bed.RolloutAsync(2);
        Assert.Empty(bed.Get<PersistentVolumeClaim>("data-db-0").Metadata.OwnerReferences);
    }
}
