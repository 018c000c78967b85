using Coxswain.Node.Runtime;

namespace Coxswain.Node.Pods;

/// <summary>Removes dead containers and sandboxes of a pod beyond those that are still of use: the last dead instance for its log.</summary>
internal sealed class PodPruner(IContainerRuntime runtime, NodeAgentOptions options)
{
    public async Task PruneAsync(PodRuntimeStatus status, CancellationToken cancellation)
    {
        foreach (var name in status.Containers.Select(c => c.Name).Distinct(StringComparer.Ordinal))
        {
            var dead = status.Containers.Where(c => c.State == ContainerState.Exited && string.Equals(c.Name, name, StringComparison.Ordinal));
            foreach (var instance in dead.Skip(Math.Max(1, options.MaxPerPodContainerCount)))
                await RemoveAsync(instance, cancellation);
        }

        foreach (var sandbox in status.Sandboxes.Skip(1))
        {
            var inUse = status.Containers.Any(c => string.Equals(c.SandboxId, sandbox.Id, StringComparison.Ordinal));
            if (sandbox.State == PodSandboxState.NotReady && !inUse)
                await runtime.RemovePodSandboxAsync(sandbox.Id, cancellation);
        }
    }

    /// <summary>Removes everything of a pod that is stopped.</summary>
    public async Task RemoveAllAsync(PodRuntimeStatus status, CancellationToken cancellation)
    {
        foreach (var instance in status.Containers)
            await RemoveAsync(instance, cancellation);
        foreach (var sandbox in status.Sandboxes)
            await runtime.RemovePodSandboxAsync(sandbox.Id, cancellation);
    }

    private async Task RemoveAsync(ContainerInstance instance, CancellationToken cancellation)
    {
        await runtime.RemoveContainerAsync(instance.Id, cancellation);
        var log = instance.Status.LogPath;
        if (log.Length == 0 || Path.GetDirectoryName(log) is not { } folder || !Directory.Exists(folder))
            return;
        // The log and what rotation made of it.
        foreach (var file in Directory.EnumerateFiles(folder, Path.GetFileName(log) + "*"))
            File.Delete(file);
    }
}
