using Coxswain.Node.Host;
using Coxswain.Node.Network;
using Coxswain.Node.Runtime;
using Microsoft.Extensions.Logging;

namespace Coxswain.Node.Containerd;

/// <summary>Removes every trace of an instance's node from the machine: processes, mounts, network, cgroups, files.</summary>
/// <remarks>Works from what is, not from what should be: after a crash, half-way through an earlier attempt, or with nothing there.
/// Touches only what bears the instance's name. Must not run beside a node agent of the same instance.</remarks>
public sealed partial class InstanceCleaner(NodeInstance instance, TimeProvider clock, ILogger logger)
{
    private const string CgroupRoot = "/sys/fs/cgroup";

    // Where containerd keeps the sockets of all shims, whoever's they are.
    private const string ShimSockets = "/run/containerd/s";

    private static readonly TimeSpan GracefulLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    /// <summary>Cleans up, in this order: 1. sandboxes, by containerd while it runs; 2. containerd; 3. shims and what is left of the
    /// containers; 4. mounts, and with them network namespaces and interfaces; 5. cgroups; 6. nftables and iptables; 7. files.</summary>
    public async Task RemoveAllAsync(CancellationToken cancellation)
    {
        // 1.
        await RemoveSandboxesAsync(cancellation);
        // 2. and 3.
        await KillAllAsync(cancellation);
        // 4.
        foreach (var folder in (string[])[instance.RunDir, instance.DataDir])
            await UnmountAllAsync(folder, cancellation);
        // 5.
        await RemoveCgroupsAsync(cancellation);
        // 6.
        await RemoveRulesAsync(cancellation);
        // 7.
        foreach (var socket in ShimSocketsOfOurs())
            File.Delete(socket);
        RemoveIfEmpty(ShimSockets);
        RemoveIfEmpty(Path.GetDirectoryName(ShimSockets)!);
        foreach (var folder in (string[])[instance.RunDir, instance.NodeDir])
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        RemoveIfEmpty(Path.GetDirectoryName(instance.RunDir)!);
    }

    /// <summary>Stops and removes all sandboxes of a containerd that answers; the rest is done by force afterwards.</summary>
    private async Task RemoveSandboxesAsync(CancellationToken cancellation)
    {
        if (!File.Exists(instance.ContainerdSocket))
            return;
        using var runtime = new CriRuntime(instance.ContainerdSocket, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(GracefulLimit);
        try
        {
            var sandboxes = await runtime.ListPodSandboxesAsync(null, limit.Token);
            await Parallel.ForEachAsync(sandboxes, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = limit.Token },
                async (sandbox, token) =>
                {
                    await runtime.StopPodSandboxAsync(sandbox.Id, token);
                    await runtime.RemovePodSandboxAsync(sandbox.Id, token);
                });
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            LogByForce(e.Message);
        }
    }

    private async Task KillAllAsync(CancellationToken cancellation)
    {
        // A shim may be starting, or a container forking: until nobody is found twice.
        await Waiting.ForAsync(() =>
        {
            var all = HostProcesses.List();
            var ours = HostProcesses.WithDescendants(all, all.Where(IsOurs));
            foreach (var process in ours)
                NativeMethods.Signal(process.Id, NativeMethods.SignalKill);
            return ours.Count == 0;
        }, KillLimit, clock, cancellation);
    }

    // containerd by its configuration, shims by the address of the containerd they report to.
    private bool IsOurs(HostProcess process) =>
        process.CommandLine.Contains("--config " + instance.ContainerdConfigFile, StringComparison.Ordinal)
        || process.CommandLine.Contains("-address " + instance.ContainerdSocket, StringComparison.Ordinal);

    private static async Task UnmountAllAsync(string folder, CancellationToken cancellation)
    {
        // Twice: a mount may cover another one.
        for (var round = 0; round < 2; round++)
        {
            foreach (var point in MountTable.Under(folder, await MountTable.ReadAsync(cancellation)))
                NativeMethods.Unmount(point);
        }
    }

    private async Task RemoveCgroupsAsync(CancellationToken cancellation)
    {
        if (File.Exists("/run/systemd/system") || Directory.Exists("/run/systemd/system"))
            await HostCommand.RunAsync("systemctl", ["stop", instance.SystemdSlice], input: null, cancellation);

        // v1 has a tree per controller, v2 (also as "unified" beside v1) one.
        string[] trees = Directory.Exists(CgroupRoot) ? [CgroupRoot, .. Directory.EnumerateDirectories(CgroupRoot)] : [];
        foreach (var tree in trees)
        {
            foreach (var name in (string[])[instance.CgroupParent.TrimStart('/'), instance.SystemdSlice])
            {
                var folder = Path.Combine(tree, name);
                if (Directory.Exists(folder))
                    await Waiting.ForAsync(() => TryRemoveCgroup(folder), KillLimit, clock, cancellation);
            }
        }
    }

    // A cgroup goes only when its processes have: rmdir, from the inside; its files are the kernel's.
    private static bool TryRemoveCgroup(string folder)
    {
        try
        {
            foreach (var child in Directory.EnumerateDirectories(folder))
            {
                if (!TryRemoveCgroup(child))
                    return false;
            }
            Directory.Delete(folder, recursive: false);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task RemoveRulesAsync(CancellationToken cancellation)
    {
        try
        {
            await new PodNetwork(instance).RemoveAsync(cancellation);
        }
        catch (NodePrerequisiteException e)
        {
            // A machine without nft has no table of ours either.
            LogByForce(e.Message);
        }
    }

    // Each bundle of ours names its shim's socket: unix:///run/containerd/s/<hash>.
    private IEnumerable<string> ShimSocketsOfOurs()
    {
        var tasks = Path.Combine(instance.ContainerdState, "io.containerd.runtime.v2.task");
        if (!Directory.Exists(tasks))
            yield break;
        foreach (var file in Directory.EnumerateFiles(tasks, "address", SearchOption.AllDirectories))
        {
            var socket = File.ReadAllText(file).Trim().Replace("unix://", "", StringComparison.Ordinal);
            if (socket.StartsWith(ShimSockets + "/", StringComparison.Ordinal))
                yield return socket;
        }
    }

    private static void RemoveIfEmpty(string folder)
    {
        try
        {
            if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Another instance came to need it at this moment.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Cleaning up by force: {Reason}")]
    private partial void LogByForce(string reason);
}
