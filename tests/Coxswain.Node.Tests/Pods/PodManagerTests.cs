using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Testing;
using static Coxswain.Node.Tests.Pods.PodHarness;
using NodeObject = Coxswain.Api.Core.V1.Node;

namespace Coxswain.Node.Tests.Pods;

public sealed class PodManagerTests
{
    private static readonly NodeObject Node = new()
    {
        Metadata = new() { Name = "node-1" },
        Status = new() { Allocatable = TestPods.Quantities(("cpu", "2"), ("memory", "1Gi"), ("pods", "10")) },
    };

    [Fact]
    public async Task A_pod_is_run_found_by_name_and_forgotten_when_it_is_gone()
    {
        await using var harness = new PodHarness();
        await using var manager = new PodManager(harness.PodServices, () => Node);
        var stored = await harness.Api.CreateAsync(TestPods.Pod(), Cancellation);

        manager.Added(stored);
        await Eventually.TrueAsync(() => harness.Stored().Status.Phase == "Running", cancellation: Cancellation);

        var entry = manager.Find("default", "web", null)!;
        await Eventually.TrueAsync(() => manager.Find("default", "web", null)!.FindContainer("web")?.Running == true, cancellation: Cancellation);
        Assert.NotNull(manager.Find("default", "web", stored.Metadata.Uid));
        Assert.Null(manager.Find("default", "web", "another-uid"));
        Assert.Equal("web", entry.Pod.Metadata.Name);

        await harness.Api.DeleteAsync<Pod>(new("default", "web"), new() { GracePeriodSeconds = 1 }, Cancellation);
        manager.Updated(harness.Stored());
        await Eventually.TrueAsync(() => !harness.IsStored(), cancellation: Cancellation);
        await Eventually.TrueAsync(
            async () =>
            {
                await manager.RelistAsync(Cancellation);
                return manager.List().Count == 0;
            },
            cancellation: Cancellation);
    }

    [Fact]
    public async Task What_runs_for_a_pod_that_nobody_knows_is_taken_down()
    {
        await using var harness = new PodHarness();
        var worker = await harness.AddAsync(TestPods.Pod());
        await worker.PassAsync(Cancellation);
        await using var manager = new PodManager(harness.PodServices, () => Node);

        await manager.RelistAsync(Cancellation);

        await Eventually.TrueAsync(() => harness.Runtime.SandboxCount == 0, cancellation: Cancellation);
        Assert.Contains("stop web 30", harness.Runtime.Calls);
    }

    [Fact]
    public async Task Sandboxes_without_a_pods_uid_are_left_alone()
    {
        await using var harness = new PodHarness();
        await harness.Runtime.RunPodSandboxAsync(new() { Metadata = new("other", "x", "y", 0) }, "", Cancellation);
        await using var manager = new PodManager(harness.PodServices, () => Node);

        await manager.RelistAsync(Cancellation);

        Assert.Equal(1, harness.Runtime.SandboxCount);
        Assert.Empty(manager.List());
    }

    [Fact]
    public async Task A_container_that_exits_wakes_its_pod_at_the_next_relist()
    {
        await using var harness = new PodHarness();
        await using var manager = new PodManager(harness.PodServices, () => Node);
        manager.Added(await harness.Api.CreateAsync(TestPods.Pod(), Cancellation));
        await Eventually.TrueAsync(() => harness.Stored().Status.Phase == "Running", cancellation: Cancellation);
        await manager.RelistAsync(Cancellation);

        harness.Runtime.Exit("web", 1);
        await manager.RelistAsync(Cancellation);

        await Eventually.TrueAsync(() => harness.StatusOf("web").RestartCount == 1, cancellation: Cancellation);
    }

    [Fact]
    public async Task A_pod_that_does_not_fit_fails_and_does_not_count_for_the_next()
    {
        await using var harness = new PodHarness();
        await using var manager = new PodManager(harness.PodServices, () => Node);
        var big = await harness.Api.CreateAsync(Cpu("big", "3"), Cancellation);
        var small = await harness.Api.CreateAsync(Cpu("small", "2"), Cancellation);

        manager.Added(big);
        manager.Added(small);

        await Eventually.TrueAsync(() => harness.Stored("big").Status.Phase == "Failed" && harness.Stored("small").Status.Phase == "Running", cancellation: Cancellation);
        Assert.Equal("OutOfcpu", harness.Stored("big").Status.Reason);
        Assert.Equal("Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000", harness.Stored("big").Status.Message);
        Assert.Contains("Warning OutOfcpu: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000", harness.Events.All);
    }

    [Fact]
    public async Task Folders_of_unknown_pods_are_removed_and_those_of_known_ones_kept()
    {
        await using var harness = new PodHarness();
        await using var manager = new PodManager(harness.PodServices, () => Node);
        Directory.CreateDirectory(Path.Combine(harness.Directories.Pod("gone"), "volumes"));
        var stored = await harness.Api.CreateAsync(TestPods.Pod(), Cancellation);
        manager.Added(stored);
        await Eventually.TrueAsync(() => harness.Stored().Status.Phase == "Running", cancellation: Cancellation);

        manager.RemoveOrphanedFolders();

        Assert.Equal([stored.Metadata.Uid], harness.Directories.Uids());
    }

    [Fact]
    public async Task Stopping_everything_stops_all_pods_and_starts_none_again()
    {
        await using var harness = new PodHarness();
        await using var manager = new PodManager(harness.PodServices, () => Node);
        foreach (var name in (string[])["a", "b"])
            manager.Added(await harness.Api.CreateAsync(TestPods.Pod(name), Cancellation));
        await Eventually.TrueAsync(() => harness.Stored("a").Status.Phase == "Running" && harness.Stored("b").Status.Phase == "Running", cancellation: Cancellation);

        await manager.StopAllPodsAsync(Cancellation);
        await manager.RelistAsync(Cancellation);

        Assert.Equal(2, harness.Runtime.Calls.Count(call => call.StartsWith("stop web", StringComparison.Ordinal)));
        Assert.Equal(2, harness.Runtime.Calls.Count(call => call.StartsWith("start web", StringComparison.Ordinal)));
        Assert.Equal("Running", harness.Stored("a").Status.Phase);
    }

    private static Pod Cpu(string name, string cpu) =>
        TestPods.Pod(name, TestPods.Container("web", c => c with { Resources = new() { Requests = TestPods.Quantities(("cpu", cpu)) } }));
}
