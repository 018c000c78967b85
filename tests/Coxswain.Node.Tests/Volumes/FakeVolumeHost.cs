using Coxswain.Node.Volumes;

namespace Coxswain.Node.Tests.Volumes;

/// <summary>A host on which mounts are only remembered, so that tests need no rights.</summary>
internal sealed class FakeVolumeHost : IVolumeHost
{
    private readonly HashSet<string> _mounts = new(StringComparer.Ordinal);

    public List<string> Calls { get; } = [];

    public Dictionary<string, (int User, int Group)> Owners { get; } = new(StringComparer.Ordinal);

    public FileSystemUse Use { get; set; } = new(100_000_000_000, 80_000_000_000, 1_000_000, 900_000);

    public IReadOnlyCollection<string> Mounts => _mounts;

    public bool IsMountPoint(string path) => _mounts.Contains(path);

    public IReadOnlyList<string> MountsBelow(string path) =>
        [.. _mounts.Where(mount => mount == path || mount.StartsWith(path + "/", StringComparison.Ordinal)).OrderByDescending(mount => mount.Length)];

    public void MountTmpfs(string path, long? sizeBytes)
    {
        _mounts.Add(path);
        Calls.Add($"tmpfs {Path.GetFileName(path)} {sizeBytes}");
    }

    public void MountHugepages(string path, string pageSize)
    {
        _mounts.Add(path);
        Calls.Add($"hugetlbfs {Path.GetFileName(path)} {pageSize}");
    }

    public void BindBeneath(string root, string relative, string target)
    {
        Directory.CreateDirectory(target);
        _mounts.Add(target);
        Calls.Add($"bind {Path.Combine(root, relative)}");
    }

    public void Unmount(string path)
    {
        _mounts.Remove(path);
        Calls.Add($"unmount {Path.GetFileName(path)}");
    }

    public void ChangeOwner(string path, int user, int group)
    {
        var (oldUser, oldGroup) = Owners.GetValueOrDefault(path);
        Owners[path] = (user < 0 ? oldUser : user, group < 0 ? oldGroup : group);
    }

    public (int User, int Group) OwnerOf(string path) => Owners.GetValueOrDefault(path);

    public FileSystemUse UseOf(string path) => Use;
}
