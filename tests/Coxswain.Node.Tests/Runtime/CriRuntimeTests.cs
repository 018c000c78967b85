using System.Text;
using Coxswain.Node.Runtime;
using Coxswain.Node.Tests.Containerd;

namespace Coxswain.Node.Tests.Runtime;

/// <summary>The runtime contract against a real containerd.</summary>
public sealed class CriRuntimeTests(ContainerdFixture containerd)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_runtime_says_who_it_is_and_that_it_is_ready()
    {
        await containerd.RequireAsync(Cancellation);

        var version = await containerd.Runtime.VersionAsync(Cancellation);
        var status = await containerd.Runtime.StatusAsync(Cancellation);

        Assert.Equal(("containerd", "v1"), (version.RuntimeName, version.ApiVersion));
        Assert.True(status.Find(RuntimeStatus.RuntimeReady)?.Status);
        Assert.True(status.Find(RuntimeStatus.NetworkReady)?.Status, status.Find(RuntimeStatus.NetworkReady)?.Message);
    }

    [Fact]
    public async Task A_container_runs_in_its_sandbox_and_tells_how_it_ended()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);

        var id = await pod.RunAsync("main", "echo hello; echo oops >&2; exit 7");
        var status = await pod.WaitForExitAsync(id);

        Assert.Equal((ContainerState.Exited, 7), (status.State, status.ExitCode));
        Assert.NotNull(status.StartedAt);
        Assert.True(status.FinishedAt >= status.StartedAt);
        var log = await File.ReadAllTextAsync(status.LogPath, Cancellation);
        Assert.Contains(" stdout F hello\n", log, StringComparison.Ordinal);
        Assert.Contains(" stderr F oops\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sandbox_has_an_address_of_the_nodes_range_and_is_listed_by_label()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);

        var status = await containerd.Runtime.PodSandboxStatusAsync(pod.SandboxId, Cancellation);
        var listed = await containerd.Runtime.ListPodSandboxesAsync(
            new() { LabelSelector = new Dictionary<string, string> { ["uid"] = pod.Config.Metadata.Uid } }, Cancellation);

        Assert.Equal(PodSandboxState.Ready, status.State);
        Assert.StartsWith(containerd.Instance.PodCidr[..^"0/24".Length], Assert.Single(status.IPs), StringComparison.Ordinal);
        Assert.Equal(pod.SandboxId, Assert.Single(listed).Id);
        Assert.Equal(pod.Config.Metadata, listed[0].Metadata);
    }

    [Fact]
    public async Task Exec_returns_output_and_exit_code_and_keeps_its_time_limit()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "sleep 1000");

        var result = await containerd.Runtime.ExecSyncAsync(id, ["sh", "-c", "echo out; echo err >&2; exit 3"], TimeSpan.FromSeconds(20), Cancellation);
        var late = await Assert.ThrowsAsync<RuntimeException>(() =>
            containerd.Runtime.ExecSyncAsync(id, ["sleep", "100"], TimeSpan.FromSeconds(1), Cancellation));

        Assert.Equal(("out\n", "err\n", 3), (Encoding.UTF8.GetString(result.Stdout.Span), Encoding.UTF8.GetString(result.Stderr.Span), result.ExitCode));
        Assert.Equal(RuntimeErrorCode.DeadlineExceeded, late.Code);
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_and_removing_it_succeeds()
    {
        await containerd.RequireAsync(Cancellation);

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => containerd.Runtime.ContainerStatusAsync("nothing", Cancellation));
        await containerd.Runtime.RemoveContainerAsync("nothing", Cancellation);
        await containerd.Runtime.StopContainerAsync("nothing", TimeSpan.FromSeconds(1), Cancellation);
        await containerd.Runtime.RemoveImageAsync(new("docker.io/library/nothing:1"), Cancellation);
        await containerd.Runtime.StopPodSandboxAsync("nothing", Cancellation);
        await containerd.Runtime.RemovePodSandboxAsync("nothing", Cancellation);

        Assert.Equal(RuntimeErrorCode.NotFound, failure.Code);
        Assert.StartsWith("rpc error: code = NotFound desc = ", failure.Message, StringComparison.Ordinal);
        Assert.Null(await containerd.Runtime.ImageStatusAsync(new("docker.io/library/nothing:1"), Cancellation));
    }

    [Fact]
    public async Task A_container_that_ignores_the_stop_signal_is_killed_after_its_grace_period()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "trap '' TERM; while true; do sleep 1000; done");

        await containerd.Runtime.StopContainerAsync(id, TimeSpan.FromSeconds(1), Cancellation);

        Assert.Equal(137, (await containerd.Runtime.ContainerStatusAsync(id, Cancellation)).ExitCode);
    }

    [Fact]
    public async Task Limits_arrive_in_the_containers_cgroup()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, Cancellation);
        var id = await pod.RunAsync("main", "sleep 1000", c => c with
        {
            Linux = c.Linux with { Resources = new() { MemoryLimitInBytes = 64 << 20, CpuPeriod = 100_000, CpuQuota = 50_000, CpuShares = 512 } },
        });

        var groups = containerd.Features.UnifiedCgroup
            ? await containerd.Runtime.ExecSyncAsync(id, ["cat", "/sys/fs/cgroup/memory.max"], TimeSpan.FromSeconds(20), Cancellation)
            : await containerd.Runtime.ExecSyncAsync(id, ["cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes"], TimeSpan.FromSeconds(20), Cancellation);

        Assert.Equal($"{64 << 20}\n", Encoding.UTF8.GetString(groups.Stdout.Span));
        var stats = await containerd.Runtime.ContainerStatsAsync(id, Cancellation);
        Assert.Equal((id, "main"), (stats.Id, stats.Metadata.Name));
        Assert.InRange(stats.MemoryWorkingSetBytes, 1UL, 64UL << 20);
    }

    [Fact]
    public async Task Pause_reaps_what_others_leave_behind_in_a_shared_process_namespace()
    {
        await containerd.RequireAsync(Cancellation);
        await using var pod = await TestPod.StartAsync(containerd, containerd.Runtime, NamespaceMode.Pod, [], Cancellation);
        var id = await pod.RunAsync("main", "(sleep 0.1 &) ; (sleep 0.1 &); sleep 1000");

        string processes = "";
        await Eventually(async () =>
        {
            var result = await containerd.Runtime.ExecSyncAsync(id, ["ps"], TimeSpan.FromSeconds(20), Cancellation);
            processes = Encoding.UTF8.GetString(result.Stdout.Span);
            return !processes.Contains("sleep 0.1", StringComparison.Ordinal) && !processes.Contains("[sleep]", StringComparison.Ordinal);
        });

        Assert.Contains("/pause", processes, StringComparison.Ordinal);
        Assert.Contains("sleep 1000", processes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_are_listed_found_and_removed()
    {
        await containerd.RequireAsync(Cancellation);

        var image = await containerd.Runtime.ImageStatusAsync(new(ContainerdFixture.Busybox), Cancellation);
        var all = await containerd.Runtime.ListImagesAsync(null, Cancellation);

        Assert.Equal([ContainerdFixture.Busybox], image!.RepoTags);
        Assert.Contains(all, i => i.Id == image.Id);
        Assert.Contains(all, i => i.RepoTags.Contains("coxswain.local/pause:1") && i.Pinned);
        Assert.False(image.Pinned);
        Assert.NotEmpty(await containerd.Runtime.ImageFsInfoAsync(Cancellation));
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(20, Cancellation);
    }
}
