using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Controllers.Tests;

public sealed class GarbageCollectorTests
{
    private static Task<Bed> StartAsync(int seed = 0) => Bed.StartAsync(["garbage-collector-controller"], chaos: seed > 0 ? new Random(seed) : null);

    private static Task<ConfigMap> MapAsync(Bed bed, string name, params IMetadataObject[] owners) => MapAsync(bed, name, true, owners);

    private static Task<ConfigMap> MapAsync(Bed bed, string name, bool block, params IMetadataObject[] owners) => bed.CreateAsync(new ConfigMap
    {
        Metadata = new()
        {
            Namespace = "default",
            Name = name,
            OwnerReferences = owners.Select(o => Owners.Controller(o) with { Controller = null, BlockOwnerDeletion = block }).ToApiList(),
        },
    });

    private static Task DeleteAsync(Bed bed, string name, string policy) =>
        bed.Api.DeleteAsync<ConfigMap>(new("default", name), new() { PropagationPolicy = policy }, Bed.Cancellation);

    private static IEnumerable<string> Left(Bed bed) => bed.Api.All<ConfigMap>().Select(m => m.Metadata.Name);

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public async Task In_the_background_dependents_and_theirs_go_after_their_owner(int seed)
    {
        await using var bed = await StartAsync(seed);
        var owner = await MapAsync(bed, "owner");
        var child = await MapAsync(bed, "child", owner);
        await MapAsync(bed, "grandchild", child);
        await MapAsync(bed, "stranger");
        await bed.SettleAsync();
        await DeleteAsync(bed, "owner", DeletionPropagation.Background);
        await bed.SettleAsync();
        bed.Chaos = null;
        bed.WakeAll();
        await bed.SettleAsync();

        Assert.Equal(["stranger"], Left(bed));
    }

    [Fact]
    public async Task In_the_foreground_the_owner_stays_until_those_that_block_it_are_gone()
    {
        await using var bed = await StartAsync();
        var owner = await MapAsync(bed, "owner");
        var held = await MapAsync(bed, "held", owner);
        bed.Api.Change<ConfigMap>(held.FullName(), m => m with { Metadata = m.Metadata with { Finalizers = ["example.com/hold"] } });
        await bed.SettleAsync();
        await DeleteAsync(bed, "owner", DeletionPropagation.Foreground);
        await bed.SettleAsync();
        Assert.Equal(["held", "owner"], Left(bed));
        Assert.All(bed.Api.All<ConfigMap>(), m => Assert.NotNull(m.Metadata.DeletionTimestamp));

        bed.Api.Change<ConfigMap>(held.FullName(), m => m with { Metadata = m.Metadata with { Finalizers = default } });
        await bed.SettleAsync();
        Assert.Empty(Left(bed));
    }

    [Fact]
    public async Task Orphans_are_freed_before_their_owner_goes()
    {
        await using var bed = await StartAsync();
        var owner = await MapAsync(bed, "owner");
        var other = await MapAsync(bed, "other");
        await MapAsync(bed, "child", owner, other);
        await bed.SettleAsync();
        await DeleteAsync(bed, "owner", DeletionPropagation.Orphan);
        await bed.SettleAsync();

        Assert.Equal(["child", "other"], Left(bed));
        Assert.Equal([other.Metadata.Uid], bed.Get<ConfigMap>("child").Metadata.OwnerReferences.Select(r => r.Uid));
    }

    [Fact]
    public async Task Who_has_another_owner_stays_and_loses_only_the_reference()
    {
        await using var bed = await StartAsync();
        var (a, b) = (await MapAsync(bed, "a"), await MapAsync(bed, "b"));
        await MapAsync(bed, "child", a, b);
        await bed.SettleAsync();
        await DeleteAsync(bed, "a", DeletionPropagation.Background);
        await bed.SettleAsync();

        Assert.Equal(["b", "child"], Left(bed));
        Assert.Equal([b.Metadata.Uid], bed.Get<ConfigMap>("child").Metadata.OwnerReferences.Select(r => r.Uid));
    }

    [Fact]
    public async Task Who_names_an_owner_that_never_was_or_was_made_anew_is_deleted()
    {
        await using var bed = await StartAsync();
        var now = await MapAsync(bed, "now");
        await bed.CreateAsync(new ConfigMap
        {
            Metadata = new()
            {
                Namespace = "default", Name = "of-its-predecessor",
                OwnerReferences = [new() { ApiVersion = "v1", Kind = "ConfigMap", Name = "now", Uid = "an-older-uid" }],
            },
        });
        await MapAsync(bed, "fine", now);
        await bed.SettleAsync();

        Assert.Equal(["fine", "now"], Left(bed));
    }

    [Fact]
    public async Task An_owner_of_a_kind_that_nobody_serves_protects_its_dependents()
    {
        await using var bed = await StartAsync();
        await bed.CreateAsync(new ConfigMap
        {
            Metadata = new()
            {
                Namespace = "default", Name = "of-a-custom-kind",
                OwnerReferences = [new() { ApiVersion = "example.com/v1", Kind = "Widget", Name = "w", Uid = "w-uid" }],
            },
        });
        await bed.PassAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(["of-a-custom-kind"], Left(bed));
    }

    [Fact]
    public async Task A_circle_of_owners_is_deleted_in_the_foreground_all_the_same()
    {
        await using var bed = await StartAsync();
        var a = await MapAsync(bed, "a");
        var b = await MapAsync(bed, "b", a);
        bed.Api.Change<ConfigMap>(a.FullName(), m => m with
        {
            Metadata = m.Metadata with { OwnerReferences = [Owners.Controller(b) with { Controller = null }] },
        });
        await bed.SettleAsync();
        await DeleteAsync(bed, "a", DeletionPropagation.Foreground);
        await bed.PassAsync(TimeSpan.FromMinutes(1), steps: 3);

        Assert.Empty(Left(bed));
    }

    [Fact]
    public async Task A_cluster_wide_object_does_not_follow_a_namespaced_owner()
    {
        await using var bed = await StartAsync();
        var owner = await MapAsync(bed, "owner");
        await bed.CreateAsync(new PersistentVolume { Metadata = new() { Name = "v", OwnerReferences = [Owners.Controller(owner)] } });
        await bed.SettleAsync();
        await DeleteAsync(bed, "owner", DeletionPropagation.Background);
        await bed.SettleAsync();

        Assert.Single(bed.Api.All<PersistentVolume>());
        await Testing.Eventually.TrueAsync(() => bed.Api.All<Event>().Any(e => e.Reason == "OwnerRefInvalidNamespace"), cancellation: Bed.Cancellation);
    }

    [Fact]
    public async Task A_deployment_takes_its_sets_and_pods_with_it()
    {
        await using var bed = await Bed.StartAsync([.. DeploymentTests.Controllers, "garbage-collector-controller"]);
        await bed.CreateAsync(DeploymentTests.Make(3));
        await bed.RolloutAsync(3);
        await bed.Api.DeleteAsync<Deployment>(new("default", "web"), new() { PropagationPolicy = DeletionPropagation.Background }, Bed.Cancellation);
        await bed.RolloutAsync(4);

        Assert.Empty(bed.Api.All<ReplicaSet>());
        Assert.Empty(bed.Api.All<Pod>());
    }
}
