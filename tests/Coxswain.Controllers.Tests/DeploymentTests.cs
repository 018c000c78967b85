using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Client;
using static Coxswain.Controllers.Tests.BedActions;

namespace Coxswain.Controllers.Tests;

public sealed class DeploymentTests
{
    private static readonly NamespacedName Web = new("default", "web");

    internal static readonly string[] Controllers = ["deployment-controller", "replicaset-controller"];

    internal static Deployment Make(int replicas, string image = "nginx:1") => new()
    {
        Metadata = new() { Namespace = "default", Name = "web", Labels = ApiMap.Of("app", "web") },
        Spec = new()
        {
            Replicas = replicas,
            Selector = Select("web"),
            Template = Template("web", image),
            Strategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = new IntOrString("25%"), MaxUnavailable = new IntOrString("25%") } },
            RevisionHistoryLimit = 10,
            ProgressDeadlineSeconds = 600,
        },
    };

    private static void SetImage(Bed bed, string image) =>
        bed.Api.Change<Deployment>(Web, d => d with
        {
            Metadata = d.Metadata with { Generation = d.Metadata.Generation + 1 },
            Spec = d.Spec with { Template = Template("web", image) },
        });

    private static string ImageOf(ReplicaSet set) => set.Spec.Template.Spec.Containers[0].Image;

    [Fact]
    public async Task A_new_deployment_makes_one_set_named_by_its_hash_and_completes()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(3));
        await bed.RolloutAsync();

        var set = Assert.Single(bed.Api.All<ReplicaSet>());
        var hash = set.Metadata.Labels[Revisions.PodTemplateHash];
        Assert.Equal("web-" + hash, set.Metadata.Name);
        Assert.Equal(hash, set.Spec.Selector!.MatchLabels[Revisions.PodTemplateHash]);
        Assert.Equal(("1", "3", "4"), (set.Metadata.Annotations[Revisions.Revision], set.Metadata.Annotations[Revisions.Desired],
            set.Metadata.Annotations[Revisions.Max]));
        Assert.All(bed.ActivePods(), p => Assert.Equal(hash, p.Metadata.Labels[Revisions.PodTemplateHash]));
        var d = bed.Get<Deployment>("web");
        Assert.Equal((3, 3, 3, 3, 0), (d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas, d.Status.UnavailableReplicas));
        Assert.Equal("1", d.Metadata.Annotations[Revisions.Revision]);
        Assert.Equal(
            [("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
                ("Progressing", "True", "NewReplicaSetAvailable", $"ReplicaSet \"{set.Metadata.Name}\" has successfully progressed.")],
            d.Status.Conditions.OrderBy(c => c.Type, StringComparer.Ordinal).Select(c => (c.Type, c.Status, c.Reason, c.Message)));
    }

    [Fact]
    public async Task A_rolling_update_stays_within_surge_and_unavailability_at_every_step()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(8));
        await bed.RolloutAsync();
        SetImage(bed, "nginx:2");
        for (var i = 0; i < 20; i++)
        {
            await bed.SettleAsync();
            Assert.InRange(bed.ActivePods().Count, 6, 10);
            Assert.True(bed.ActivePods().Count(PodFacts.IsReady) >= 6);
            // One pod at a time becomes ready.
            foreach (var pod in bed.ActivePods().Where(p => !PodFacts.IsReady(p)).Take(1))
                bed.Api.Change<Pod>(pod.FullName(), p => p with
                {
                    Spec = p.Spec with { NodeName = "n" },
                    Status = p.Status with { Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True", LastTransitionTime = bed.Clock.GetUtcNow() }] },
                });
            foreach (var ending in bed.Api.All<Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
                await bed.Api.DeleteAsync<Pod>(ending.FullName(), new() { GracePeriodSeconds = 0 }, Bed.Cancellation);
        }
        await bed.RolloutAsync(4);

        Assert.Equal(8, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.Equal("nginx:2", p.Spec.Containers[0].Image));
        Assert.Equal([("nginx:1", 0, "1"), ("nginx:2", 8, "2")], bed.Api.All<ReplicaSet>()
            .Select(s => (ImageOf(s), s.Spec.Replicas!.Value, s.Metadata.Annotations[Revisions.Revision])).OrderBy(s => s));
    }

    [Fact]
    public async Task Going_back_to_an_old_template_uses_its_set_again_under_a_new_revision()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(2));
        await bed.RolloutAsync();
        SetImage(bed, "nginx:2");
        await bed.RolloutAsync();
        SetImage(bed, "nginx:1");
        await bed.RolloutAsync();

        Assert.Equal(2, bed.Api.All<ReplicaSet>().Count);
        var back = bed.Api.All<ReplicaSet>().Single(s => ImageOf(s) == "nginx:1");
        Assert.Equal((2, "3", "1"), (back.Spec.Replicas!.Value, back.Metadata.Annotations[Revisions.Revision], back.Metadata.Annotations[Revisions.History]));
        Assert.Equal("3", bed.Get<Deployment>("web").Metadata.Annotations[Revisions.Revision]);
    }

    [Fact]
    public async Task Recreate_ends_all_old_pods_before_the_first_new_one()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var d = Make(3);
        await bed.CreateAsync(d with { Spec = d.Spec with { Strategy = new() { Type = "Recreate" } } });
        await bed.RolloutAsync();
        SetImage(bed, "nginx:2");
        await bed.SettleAsync();

        Assert.Equal(3, bed.Api.All<Pod>().Count(p => p.Metadata.DeletionTimestamp is not null));
        Assert.Empty(bed.ActivePods());     // the old ones still end
        await bed.RolloutAsync();
        Assert.Equal(3, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.Equal("nginx:2", p.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task A_paused_deployment_scales_but_does_not_roll()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(2));
        await bed.RolloutAsync();
        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Paused = true, Replicas = 4, Template = Template("web", "nginx:2") } });
        await bed.RolloutAsync();

        Assert.Single(bed.Api.All<ReplicaSet>());
        Assert.Equal(4, bed.ActivePods().Count);
        Assert.Contains(bed.Get<Deployment>("web").Status.Conditions, c => c is { Type: "Progressing", Status: "Unknown", Reason: "DeploymentPaused" });
        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Paused = false } });
        await bed.RolloutAsync();
        Assert.All(bed.ActivePods(), p => Assert.Equal("nginx:2", p.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task A_rollout_that_gets_nowhere_is_reported_after_its_deadline()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var d = Make(1);
        await bed.CreateAsync(d with { Spec = d.Spec with { ProgressDeadlineSeconds = 60 } });
        await bed.SettleAsync();
        await bed.PassAsync(TimeSpan.FromSeconds(50));
        Assert.DoesNotContain(bed.Get<Deployment>("web").Status.Conditions, c => c.Reason == "ProgressDeadlineExceeded");
        await bed.PassAsync(TimeSpan.FromSeconds(15), steps: 3);

        var set = Assert.Single(bed.Api.All<ReplicaSet>());
        var condition = bed.Get<Deployment>("web").Status.Conditions.Single(c => c.Type == "Progressing");
        Assert.Equal(("False", "ProgressDeadlineExceeded", $"ReplicaSet \"{set.Metadata.Name}\" has timed out progressing."),
            (condition.Status, condition.Reason, condition.Message));
    }

    [Fact]
    public async Task Old_sets_beyond_the_history_are_deleted()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var d = Make(1);
        await bed.CreateAsync(d with { Spec = d.Spec with { RevisionHistoryLimit = 1 } });
        await bed.RolloutAsync();
        for (var i = 2; i <= 4; i++)
        {
            SetImage(bed, $"nginx:{i}");
            await bed.RolloutAsync();
        }
        Assert.Equal(["nginx:3", "nginx:4"], bed.Api.All<ReplicaSet>().Select(ImageOf).Order());
    }

    [Fact]
    public async Task Scaling_in_the_middle_of_a_rollout_shares_the_change_in_proportion()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var d = Make(10);
        await bed.CreateAsync(d with
        {
            Spec = d.Spec with { Strategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = new IntOrString(3), MaxUnavailable = new IntOrString(2) } } },
        });
        await bed.RolloutAsync();
        SetImage(bed, "nginx:broken");
        await bed.SettleAsync();
        Assert.Equal([5, 8], bed.Api.All<ReplicaSet>().Select(s => s.Spec.Replicas!.Value).Order());
        bed.Api.Change<Deployment>(Web, x => x with { Spec = x.Spec with { Replicas = 15 } });
        await bed.SettleAsync();

        Assert.Equal([7, 11], bed.Api.All<ReplicaSet>().Select(s => s.Spec.Replicas!.Value).Order());
    }

    [Fact]
    public async Task A_set_of_the_same_name_that_is_not_ours_changes_the_hash()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var hash = TemplateHash.Of(Template("web"), null);
        await bed.CreateAsync(new ReplicaSet
        {
            Metadata = new() { Namespace = "default", Name = "web-" + hash },
            Spec = new() { Replicas = 0, Selector = Select("foreign"), Template = Template("foreign") },
        });
        await bed.CreateAsync(Make(1));
        await bed.RolloutAsync();

        Assert.Equal(1, bed.Get<Deployment>("web").Status.CollisionCount);
        Assert.Single(bed.ActivePods());
    }

    [Fact]
    public async Task A_selector_that_selects_everything_is_refused_with_an_event()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        var d = Make(1);
        await bed.CreateAsync(d with { Spec = d.Spec with { Selector = new() } });
        await bed.SettleAsync();

        Assert.Empty(bed.Api.All<ReplicaSet>());
        await Testing.Eventually.TrueAsync(() => bed.Api.All<Event>().Any(e => e.Reason == "SelectingAll"), cancellation: Bed.Cancellation);
    }

    [Fact]
    public async Task Events_tell_of_each_scaling()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(2));
        await bed.RolloutAsync();
        var set = bed.Api.All<ReplicaSet>().Single().Metadata.Name;
        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Replicas = 1 } });
        await bed.RolloutAsync();

        await Testing.Eventually.HoldsAsync(() => Assert.Equal(
            [$"Scaled down replica set {set} from 2 to 1", $"Scaled up replica set {set} from 0 to 2"],
            bed.Api.All<Event>().Where(e => e.Reason == "ScalingReplicaSet").Select(e => e.Message).Order()), Bed.Cancellation);
    }

    [Fact]
    public async Task A_deployment_that_is_content_writes_nothing()
    {
        await using var bed = await Bed.StartAsync(Controllers);
        await bed.CreateAsync(Make(3));
        await bed.RolloutAsync();
        var writes = bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal));
        bed.WakeAll();
        await bed.SettleAsync();

        Assert.Equal(writes, bed.Api.Writes.Count(w => !w.EndsWith("Event", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_hash_of_a_template_does_not_change_between_releases()
    {
        // Frozen: a change would roll every Deployment of every cluster.
        Assert.Equal(TemplateHash.Of(Template("web"), null), TemplateHash.Of(TemplateHash.WithoutHash(Template("web")), null));
        Assert.NotEqual(TemplateHash.Of(Template("web"), null), TemplateHash.Of(Template("web"), 1));
        Assert.NotEqual(TemplateHash.Of(Template("web"), null), TemplateHash.Of(Template("web", "nginx:2"), null));
    }
}
