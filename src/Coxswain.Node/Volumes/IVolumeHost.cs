namespace Coxswain.Node.Volumes;

/// <summary>What volumes need of the host beyond plain files. Failures are <see cref="IOException"/>s with the kernel's reason.</summary>
internal interface IVolumeHost
{
    bool IsMountPoint(string path);

    /// <summary>Mount points at or below a path, the deepest first.</summary>
    IReadOnlyList<string> MountsBelow(string path);

    /// <summary>Mounts a file system in memory; no size: the kernel's default (half of the memory).</summary>
    void MountTmpfs(string path, long? sizeBytes);

    void MountHugepages(string path, string pageSize);

    /// <summary>Shows something that lies below <paramref name="root"/> at <paramref name="target"/>. What the kernel resolves is what is
    /// shown: no link leads out of the root.</summary>
    void BindBeneath(string root, string relative, string target);

    void Unmount(string path);

    /// <summary>-1 leaves user or group as it is. Links are not followed.</summary>
    void ChangeOwner(string path, int user, int group);

    (int User, int Group) OwnerOf(string path);

    FileSystemUse UseOf(string path);
}

internal sealed class LinuxVolumeHost : IVolumeHost
{
    public bool IsMountPoint(string path) => Mounts().Contains(Normalize(path), StringComparer.Ordinal);

    public IReadOnlyList<string> MountsBelow(string path)
    {
        var root = Normalize(path);
        return
        [
            .. Mounts()
                .Where(mount => mount == root || mount.StartsWith(root + "/", StringComparison.Ordinal))
                .OrderByDescending(mount => mount.Length),
        ];
    }

    public void MountTmpfs(string path, long? sizeBytes) =>
        Libc.Mount("tmpfs", path, "tmpfs", Libc.MountNoSuid | Libc.MountNoDev, sizeBytes is { } size ? $"size={size}" : "");

    public void MountHugepages(string path, string pageSize) =>
        Libc.Mount("nodev", path, "hugetlbfs", Libc.MountNoSuid | Libc.MountNoDev, $"pagesize={pageSize}");

    public void BindBeneath(string root, string relative, string target)
    {
        using var folder = Libc.OpenFolder(root);
        using var found = Libc.OpenBeneath(folder, relative) ?? MakeFolders(folder, relative);
        if (Directory.Exists(found.ProcPath))
            Directory.CreateDirectory(target);
        else if (!File.Exists(target))
            File.WriteAllBytes(target, []);
        if (!IsMountPoint(target))
            Libc.Mount(found.ProcPath, target, "", Libc.MountBind | Libc.MountRecursive, "");
    }

    public void Unmount(string path) => Libc.Unmount(path, Libc.UnmountDetach | Libc.UnmountNoFollow);

    public void ChangeOwner(string path, int user, int group) => Libc.ChangeOwner(path, user, group);

    public (int User, int Group) OwnerOf(string path) => Libc.OwnerOf(path);

    public FileSystemUse UseOf(string path) => Libc.UseOf(path);

    private static SafeFileDescriptor MakeFolders(SafeFileDescriptor root, string relative)
    {
        var done = "";
        foreach (var part in relative.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = done.Length == 0 ? part : done + "/" + part;
            if (Libc.OpenBeneath(root, next) is { } existing)
            {
                existing.Dispose();
            }
            else if (done.Length == 0)
            {
                Libc.MakeDirectory(root, part, 0x1ED /* 0755 */);
            }
            else
            {
                using var parent = Libc.OpenBeneath(root, done) ?? throw new IOException($"{done} vanished");
                Libc.MakeDirectory(parent, part, 0x1ED /* 0755 */);
            }

            done = next;
        }

        return Libc.OpenBeneath(root, done) ?? throw new IOException($"{relative} vanished");
    }

    private static string Normalize(string path) => path.Length > 1 ? path.TrimEnd('/') : path;

    private static List<string> Mounts()
    {
        var mounts = new List<string>();
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ', 6);
            if (fields.Length > 4)
                mounts.Add(Unescape(fields[4]));
        }

        return mounts;
    }

    // The kernel writes blanks and backslashes in octal.
    private static string Unescape(string text) =>
        text.Contains('\\', StringComparison.Ordinal)
            ? text.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
                .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal)
            : text;
}
