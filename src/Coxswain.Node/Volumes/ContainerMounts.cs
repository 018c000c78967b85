using Coxswain.Api.Core.V1;
using Coxswain.Node.Pods;
using Coxswain.Node.Runtime;
using Container = Coxswain.Api.Core.V1.Container;

namespace Coxswain.Node.Volumes;

/// <summary>The mounts of one container out of the ready volumes of its pod.</summary>
internal sealed class ContainerMounts(PodDirectories directories, IVolumeHost host)
{
    /// <param name="environment">For subPathExpr.</param>
    /// <exception cref="ContainerConfigException">A mount cannot be made as described.</exception>
    public IReadOnlyList<Mount> For(
        Pod pod, Container container, IReadOnlyDictionary<string, ReadyVolume> volumes, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        var mounts = new List<Mount>();
        for (var i = 0; i < container.VolumeMounts.Count; i++)
            mounts.Add(Make(pod, container, container.VolumeMounts[i], i, volumes, environment));
        return mounts;
    }

    private Mount Make(
        Pod pod, Container container, VolumeMount mount, int index, IReadOnlyDictionary<string, ReadyVolume> volumes,
        IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        if (!volumes.TryGetValue(mount.Name, out var volume))
            throw new ContainerConfigException($"cannot find volume \"{mount.Name}\" to mount into container \"{container.Name}\"");

        var subPath = mount.SubPathExpr.Length == 0 ? mount.SubPath : Expand(mount.SubPathExpr, environment);
        var hostPath = volume.Path;
        if (subPath.Length > 0)
            hostPath = SubPath(pod, container, mount, index, volume, subPath);

        var readOnly = mount.ReadOnly || volume.ReadOnly;
        return new()
        {
            // A relative path counts from the root, as for every other runtime.
            ContainerPath = Path.IsPathRooted(mount.MountPath) ? mount.MountPath : Path.Combine("/", mount.MountPath),
            HostPath = hostPath,
            Readonly = readOnly,
            RecursiveReadOnly = readOnly && string.Equals(mount.RecursiveReadOnly, RecursiveReadOnlyMode.Enabled, StringComparison.Ordinal),
            Propagation = mount.MountPropagation switch
            {
                MountPropagationMode.Bidirectional => MountPropagation.Bidirectional,
                MountPropagationMode.HostToContainer => MountPropagation.HostToContainer,
                _ => MountPropagation.Private,
            },
        };
    }

    private string SubPath(Pod pod, Container container, VolumeMount mount, int index, ReadyVolume volume, string subPath)
    {
        if (Path.IsPathRooted(subPath) || subPath.Split('/').Contains("..", StringComparer.Ordinal))
            throw new ContainerConfigException($"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{container.Name}\"");
        var target = directories.SubPath(pod.Metadata.Uid, mount.Name, container.Name, index);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // A restarted container gets what the path leads to now, not what it led to for the one before.
            if (host.IsMountPoint(target))
                host.Unmount(target);
            host.BindBeneath(volume.Path, subPath, target);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new ContainerConfigException(
                $"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{container.Name}\": {failed.Message}");
        }

        return target;
    }

    private static string Expand(string expression, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        string? missing = null;
        var expanded = VariableExpansion.Expand(expression, name =>
        {
            foreach (var (key, value) in environment)
            {
                if (string.Equals(key, name, StringComparison.Ordinal))
                    return value;
            }

            missing ??= name;
            return null;
        });
        return missing is null ? expanded : throw new ContainerConfigException($"missing value for \"{missing}\"");
    }
}
