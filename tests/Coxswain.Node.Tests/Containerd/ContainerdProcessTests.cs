using System.Globalization;
using Coxswain.Node.Containerd;
using Coxswain.Node.Host;
using Coxswain.Node.Network;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coxswain.Node.Tests.Containerd;

/// <summary>Life and end of an instance's containerd, on an instance of its own beside the other tests'.</summary>
public sealed class ContainerdProcessTests(ContainerdFixture shared) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coxswain-life-").FullName;

    private NodeInstance Instance => NodeInstance.ForDataDir(_folder);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await Cleaner().RemoveAllAsync(CancellationToken.None);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Containers_outlive_containerd_which_is_adopted_or_started_again_and_a_reset_leaves_nothing()
    {
        await shared.RequireAsync(Cancellation);
        var links = await LinksAsync();

        // Started; a second object, as in a process that comes later, adopts it.
        await new PodNetwork(Instance).ApplyAsync(Instance.PodCidr, Cancellation);
        Assert.Equal(ContainerdOrigin.Started, await NewProcess().EnsureRunningAsync(shared.Features, Cancellation));
        Assert.Equal(ContainerdOrigin.Adopted, await NewProcess().EnsureRunningAsync(shared.Features, Cancellation));

        using var runtime = new CriRuntime(Instance.ContainerdSocket, TimeProvider.System);
        var images = await NodeRuntime.OpenImagesAsync(Instance, Cancellation);
        await images.EnsurePauseImageAsync(Cancellation);
        await images.EnsurePauseImageAsync(Cancellation);
        var sandbox = await runtime.RunPodSandboxAsync(new()
        {
            Metadata = new("pod", "uid", "test", 0),
            Hostname = "pod",
            LogDirectory = Path.Combine(_folder, "logs"),
            Linux = new() { CgroupParent = shared.Features.SystemdCgroup ? Instance.SystemdSlice : Instance.CgroupParent + "/pods" },
        }, "", Cancellation);

        // Killed, as by the kernel when memory is short: the sandbox lives on, and the next containerd knows it.
        var pid = int.Parse(await File.ReadAllTextAsync(Instance.ContainerdPidFile, Cancellation), CultureInfo.InvariantCulture);
        NativeMethods.Signal(pid, NativeMethods.SignalKill);
        await Coxswain.Testing.Eventually.TrueAsync(() => HostProcesses.Find(pid) is null, cancellation: Cancellation);
        Assert.Equal(ContainerdOrigin.Started, await NewProcess().EnsureRunningAsync(shared.Features, Cancellation));
        Assert.Equal(PodSandboxState.Ready, (await runtime.PodSandboxStatusAsync(sandbox, Cancellation)).State);

        // The worst case of a reset: containerd is gone, shims and mounts are not.
        pid = int.Parse(await File.ReadAllTextAsync(Instance.ContainerdPidFile, Cancellation), CultureInfo.InvariantCulture);
        NativeMethods.Signal(pid, NativeMethods.SignalKill);
        await Coxswain.Testing.Eventually.TrueAsync(() => HostProcesses.Find(pid) is null, cancellation: Cancellation);
        Assert.Contains(HostProcesses.List(), IsOurs);
        await Cleaner().RemoveAllAsync(Cancellation);

        Assert.DoesNotContain(HostProcesses.List(), IsOurs);
        Assert.Empty(MountTable.Under(Instance.RunDir, await MountTable.ReadAsync(Cancellation)));
        Assert.Empty(MountTable.Under(_folder, await MountTable.ReadAsync(Cancellation)));
        Assert.False(Directory.Exists(Instance.RunDir));
        Assert.False(Directory.Exists(Instance.NodeDir));
        Assert.Empty(Directory.EnumerateDirectories("/sys/fs/cgroup", "coxswain*" + Instance.Id + "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2, IgnoreInaccessible = true }));
        Assert.DoesNotContain(Instance.Id, (await HostCommand.RunAsync("nft", ["list", "tables"], null, Cancellation)).Output, StringComparison.Ordinal);
        // Other tests of this run may add and remove pods meanwhile, but none of the interfaces carries an address of ours.
        Assert.DoesNotContain(Instance.PodCidr[..^"0/24".Length], await LinksAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Instance.PodCidr[..^"0/24".Length], links, StringComparison.Ordinal);

        // Once more, with nothing there.
        await Cleaner().RemoveAllAsync(Cancellation);
    }

    [Fact]
    public async Task What_ends_or_is_flushed_is_put_back()
    {
        await shared.RequireAsync(Cancellation);
        await using var node = await NodeRuntime.StartAsync(Instance, Instance.PodCidr, TimeProvider.System, NullLogger.Instance, Cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var keeping = node.RunAsync(stop.Token);

        var pid = int.Parse(await File.ReadAllTextAsync(Instance.ContainerdPidFile, Cancellation), CultureInfo.InvariantCulture);
        NativeMethods.Signal(pid, NativeMethods.SignalKill);
        await Coxswain.Testing.Eventually.TrueAsync(async () => await File.ReadAllTextAsync(Instance.ContainerdPidFile, Cancellation) != $"{pid}\n", cancellation: Cancellation);
        await Coxswain.Testing.Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await node.Runtime.StatusAsync(Cancellation)).Find(RuntimeStatus.RuntimeReady)?.Status == true;
            }
            catch (RuntimeException)
            {
                return false;
            }
        }, cancellation: Cancellation);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeping);

        await HostCommand.GetOutputAsync("nft", ["delete", "table", "ip", Instance.PodNetworkTable], null, Cancellation);
        await node.RepairRulesAsync(Cancellation);
        Assert.Contains(Instance.PodNetworkTable, await HostCommand.GetOutputAsync("nft", ["list", "tables"], null, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_containerd_that_cannot_start_is_reported_with_the_end_of_its_log()
    {
        await shared.RequireAsync(Cancellation);
        Directory.CreateDirectory(Instance.RunDir);
        // Where its state folder should be, there is a file.
        await File.WriteAllTextAsync(Instance.ContainerdState, "", Cancellation);

        var failure = await Assert.ThrowsAsync<NodePrerequisiteException>(() => NewProcess().EnsureRunningAsync(shared.Features, Cancellation));

        Assert.Contains("ended right after its start; see " + Instance.ContainerdLogFile, failure.Message, StringComparison.Ordinal);
        Assert.Contains("not a directory", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_stays_within_its_bound()
    {
        Directory.CreateDirectory(Instance.NodeDir);
        await using (var log = File.Create(Instance.ContainerdLogFile))
            log.SetLength(11 * 1024 * 1024);

        NewProcess(new("", "", "", "")).RotateLog();

        Assert.Equal(0, new FileInfo(Instance.ContainerdLogFile).Length);
        Assert.Equal(11 * 1024 * 1024, new FileInfo(Instance.ContainerdLogFile + ".1").Length);
    }

    private ContainerdProcess NewProcess() => NewProcess(ContainerdBinaries.Find());

    private ContainerdProcess NewProcess(ContainerdBinaries binaries) => new(Instance, binaries, TimeProvider.System, NullLogger.Instance);

    private InstanceCleaner Cleaner() => new(Instance, TimeProvider.System, NullLogger.Instance);

    private bool IsOurs(HostProcess process) => process.CommandLine.Contains(Instance.RunDir, StringComparison.Ordinal);

    private static async Task<string> LinksAsync() => (await HostCommand.RunAsync("ip", ["-o", "addr"], null, Cancellation)).Output;
}
