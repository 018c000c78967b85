using Coxswain.Api;
using Coxswain.Api.Apps.V1;
using Coxswain.Api.Core.V1;

namespace Coxswain.Controllers.Tests;

/// <summary>Level-triggered: whatever becomes of wake-ups and writes on the way, the end is the same.</summary>
public sealed class ConvergenceTests
{
    private static readonly NamespacedName Web = new("default", "web");

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory, MemberData(nameof(Seeds))]
    public async Task Lost_doubled_and_reordered_wake_ups_end_in_the_same_state(int seed)
    {
        await using var bed = await Bed.StartAsync(DeploymentTests.Controllers, chaos: new Random(seed));
        await RolloutAsync(bed);
        bed.Chaos = null;
        bed.WakeAll();
        await bed.RolloutAsync();

        AssertRolledOut(bed);
    }

    [Theory, MemberData(nameof(Seeds))]
    public async Task Writes_that_fail_and_answers_that_are_lost_end_in_the_same_state(int seed)
    {
        await using var bed = await Bed.StartAsync(DeploymentTests.Controllers);
        var random = new Random(seed);
        bed.Api.BeforeWrite = (_, o) => Break(random, o, "connection reset before the request was sent");
        bed.Api.AfterWrite = (_, o) => Break(random, o, "connection reset before the answer came");
        try
        {
            await RolloutAsync(bed);
        }
        finally
        {
            bed.Api.BeforeWrite = bed.Api.AfterWrite = null;
        }
        await bed.PassAsync(TimeSpan.FromMinutes(5), steps: 3);
        bed.WakeAll();
        await bed.RolloutAsync();

        AssertRolledOut(bed);
    }

    private static void Break(Random random, IMetadataObject written, string how)
    {
        // The test's own writes (those of a user) succeed.
        if (written is Pod or ReplicaSet && written.Metadata.DeletionTimestamp is null && random.Next(6) == 0)
            throw new IOException(how);
    }

    private static async Task RolloutAsync(Bed bed)
    {
        await bed.CreateAsync(DeploymentTests.Make(4));
        await bed.RolloutAsync(6);
        bed.Api.Change<Deployment>(Web, d => d with { Spec = d.Spec with { Template = BedActions.Template("web", "nginx:2"), Replicas = 6 } });
        await bed.RolloutAsync(6);
    }

    private static void AssertRolledOut(Bed bed)
    {
        Assert.Equal(6, bed.ActivePods().Count);
        Assert.All(bed.ActivePods(), p => Assert.Equal("nginx:2", p.Spec.Containers[0].Image));
        Assert.Equal(6, bed.Api.All<ReplicaSet>().Sum(s => s.Spec.Replicas));
        var status = bed.Get<Deployment>("web").Status;
        Assert.Equal((6, 6, 6, 0), (status.Replicas, status.UpdatedReplicas, status.AvailableReplicas, status.UnavailableReplicas));
        Assert.Contains(status.Conditions, c => c is { Type: "Progressing", Status: "True", Reason: "NewReplicaSetAvailable" });
    }
}
