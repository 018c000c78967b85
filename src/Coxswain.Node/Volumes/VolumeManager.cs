using System.IO.Enumeration;
using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;

namespace Coxswain.Node.Volumes;

/// <summary>A volume of a pod as it lies on the node.</summary>
/// <param name="Path">Where it is; a folder, or with a host path anything.</param>
/// <param name="ReadOnly">Whether no container may write to it.</param>
internal sealed record ReadyVolume(string Name, string Path, bool ReadOnly);

/// <summary>Makes the volumes of pods ready, keeps their contents up to date, and takes everything away at the end.</summary>
/// <remarks>Setting up again what is set up refreshes it and is harmless. One pod's volumes must not be worked on twice at once (its worker
/// sees to that); different pods may be.</remarks>
internal sealed class VolumeManager(
    PodDirectories directories, IVolumeHost host, VolumePayloads payloads, ClaimResolver claims, ServiceAccountTokenSource tokens, TimeProvider clock)
{
    /// <summary>Makes every volume of the pod ready.</summary>
    /// <exception cref="VolumesNotReadyException">Some are not; those that are stay.</exception>
    public async Task<IReadOnlyDictionary<string, ReadyVolume>> SetUpAsync(
        Pod pod, NodeContext node, IReadOnlyList<string> podIPs, CancellationToken cancellation)
    {
        directories.Create(pod);
        var ready = new Dictionary<string, ReadyVolume>(StringComparer.Ordinal);
        var failures = new List<(string, string)>();
        foreach (var volume in pod.Spec.Volumes)
        {
            try
            {
                ready[volume.Name] = await SetUpAsync(pod, volume, node, podIPs, cancellation);
            }
            catch (Exception failed) when (failed is VolumeException or IOException or UnauthorizedAccessException
                or Api.ApiException or HttpRequestException)
            {
                failures.Add((volume.Name, failed.Message));
            }
        }

        return failures.Count == 0 ? ready : throw new VolumesNotReadyException(failures);
    }

    /// <summary>Unmounts and deletes everything the pod had on the node. Host paths and persistent volumes keep their contents.</summary>
    /// <exception cref="IOException">Something is still in use; calling again later goes on.</exception>
    public void TearDown(string uid)
    {
        tokens.Forget(uid);
        var folder = directories.Pod(uid);
        if (!Directory.Exists(folder))
            return;
        foreach (var mount in host.MountsBelow(folder))
            host.Unmount(mount);
        // Only now: what is still mounted would be deleted with the folder.
        if (host.MountsBelow(folder) is [var left, ..])
            throw new IOException($"{left} is still mounted");
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>What to tell if an emptyDir on disk holds more than its limit; null if none does. In memory the kernel keeps the limit.</summary>
    public string? FindExceeded(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.EmptyDir is not { Medium: "", SizeLimit: { } limit } || limit.Value <= 0)
                continue;
            var folder = directories.Volume(pod.Metadata.Uid, "empty-dir", volume.Name);
            if (Directory.Exists(folder) && SizeOf(folder) > limit.Value)
                return $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{limit}\". ";
        }

        return null;
    }

    // Links are counted, not followed; what vanishes while we look counts nothing.
    private static long SizeOf(string folder) => new FileSystemEnumerable<long>(
        folder,
        static (ref FileSystemEntry entry) => entry.IsDirectory ? 0 : entry.Length,
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
    {
        ShouldRecursePredicate = static (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
    }.Sum();

    private async Task<ReadyVolume> SetUpAsync(
        Pod pod, Volume volume, NodeContext node, IReadOnlyList<string> podIPs, CancellationToken cancellation)
    {
        switch (volume)
        {
            case { EmptyDir: { } source }:
                return new(volume.Name, EmptyDir(pod, volume.Name, source, node), ReadOnly: false);
            case { HostPath: { } source }:
                HostPathCheck.Apply(source);
                return new(volume.Name, source.Path, ReadOnly: false);
            case { ConfigMap: { } source }:
                return await ProjectAsync(pod, volume.Name, "configmap", inMemory: false,
                    payloads.ConfigMapAsync(pod, source.Name, source.Items, VolumePayloads.ModeOr(source.DefaultMode), source.Optional == true, cancellation));
            case { Secret: { } source }:
                return await ProjectAsync(pod, volume.Name, "secret", inMemory: true,
                    payloads.SecretAsync(pod, source.SecretName, source.Items, VolumePayloads.ModeOr(source.DefaultMode), source.Optional == true, cancellation));
            case { DownwardAPI: { } source }:
                return await ProjectAsync(pod, volume.Name, "downward-api", inMemory: true,
                    Task.FromResult(VolumePayloads.Downward(pod, source.Items, VolumePayloads.ModeOr(source.DefaultMode), node, podIPs)));
            case { Projected: { } source }:
                return await ProjectAsync(pod, volume.Name, "projected", inMemory: true,
                    payloads.ProjectedAsync(pod, source, node, podIPs, cancellation));
            case { PersistentVolumeClaim: { } source }:
                return Persistent(pod, volume.Name, source.ReadOnly,
                    await claims.ResolveAsync(pod, source.ClaimName, ephemeral: false, cancellation));
            case { Ephemeral: not null }:
                return Persistent(pod, volume.Name, readOnly: false,
                    await claims.ResolveAsync(pod, $"{pod.Metadata.Name}-{volume.Name}", ephemeral: true, cancellation));
            default:
                throw new VolumeException($"failed to get Plugin from volumeSpec for volume \"{volume.Name}\" err=no volume plugin matched");
        }
    }

    private ReadyVolume Persistent(Pod pod, string name, bool readOnly, PersistentVolume volume)
    {
        switch (volume.Spec)
        {
            case { HostPath: { } source }:
                HostPathCheck.Apply(source);
                return new(name, source.Path, readOnly);
            case { Local: { } source }:
                if (!Directory.Exists(source.Path) && !File.Exists(source.Path))
                    throw new VolumeException($"path \"{source.Path}\" does not exist");
                if (!readOnly)
                    VolumeOwnership.Apply(host, source.Path, pod.Spec.SecurityContext, readOnly: false);
                return new(name, source.Path, readOnly);
            default:
                throw new VolumeException($"failed to get Plugin from volumeSpec for volume \"{volume.Metadata.Name}\" err=no volume plugin matched");
        }
    }

    private string EmptyDir(Pod pod, string name, EmptyDirVolumeSource source, NodeContext node)
    {
        var folder = directories.Volume(pod.Metadata.Uid, "empty-dir", name);
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        if (source.Medium == "Memory")
        {
            if (isNew || !host.IsMountPoint(folder))
            {
                host.MountTmpfs(folder, MemorySize(pod, source, node));
                isNew = true;
            }
        }
        else if (source.Medium.StartsWith("HugePages", StringComparison.Ordinal))
        {
            if (isNew || !host.IsMountPoint(folder))
            {
                host.MountHugepages(folder, source.Medium.Length > "HugePages-".Length ? source.Medium["HugePages-".Length..] : PageSize(pod));
                isNew = true;
            }
        }

        if (isNew)
        {
            // Whoever the containers run as may write; the mask of this process must not narrow that.
            File.SetUnixFileMode(folder, FileModes.From(0x1FF /* 0777 */));
            VolumeOwnership.Apply(host, folder, pod.Spec.SecurityContext, readOnly: false);
        }

        return folder;
    }

    /// <summary>What is asked for, but not more than the pod or the node could ever hold.</summary>
    private static long? MemorySize(Pod pod, EmptyDirVolumeSource source, NodeContext node)
    {
        long? size = node.Allocatable.TryGetValue("memory", out var allocatable) && allocatable.Value > 0 ? allocatable.Value : null;
        if (PodResources.EveryContainerLimits(pod, "memory") && PodResources.Limits(pod).GetValueOrDefault("memory") / 1000 is var limit and > 0)
            size = Math.Min(size ?? limit, limit);
        if (source.SizeLimit is { } asked && asked.Value > 0)
            size = Math.Min(size ?? asked.Value, asked.Value);
        return size;
    }

    private static string PageSize(Pod pod)
    {
        const string prefix = "hugepages-";
        var sizes = PodContainers.All(pod).SelectMany(c => c.Container.Resources.Limits.Keys)
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).ToArray();
        return sizes.Length == 1
            ? sizes[0][prefix.Length..]
            : throw new VolumeException("medium \"HugePages\" needs a pod that asks for huge pages of exactly one size");
    }

    private async Task<ReadyVolume> ProjectAsync(
        Pod pod, string name, string plugin, bool inMemory, Task<Dictionary<string, ProjectedFile>> payload)
    {
        var files = await payload;
        var folder = directories.Volume(pod.Metadata.Uid, plugin, name);
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        if (inMemory && (isNew || !host.IsMountPoint(folder)))
        {
            // Secrets never touch the disk.
            host.MountTmpfs(folder, null);
            isNew = true;
        }

        if (isNew)
            File.SetUnixFileMode(folder, FileModes.From(0x1FF /* 0777 */));
        AtomicWriter.Write(folder, files, clock.GetUtcNow(), written => Prepare(pod, written, files));
        return new(name, folder, ReadOnly: false);
    }

    private void Prepare(Pod pod, string folder, Dictionary<string, ProjectedFile> files)
    {
        foreach (var (path, file) in files)
        {
            if (file.Owner is { } owner)
                host.ChangeOwner(Path.Combine(folder, path), (int)owner, -1);
        }

        VolumeOwnership.Apply(host, folder, pod.Spec.SecurityContext, readOnly: true);
    }
}
