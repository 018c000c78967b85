using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Volumes;

/// <summary>Gives a volume to the pod's fsGroup.</summary>
internal static class VolumeOwnership
{
    private const int ReadWrite = 0x1B0; // 0660
    private const int ReadOnly = 0x120; // 0440
    private const int Execute = 0x48; // 0110
    private const int SetGroup = 0x400; // 02000

    /// <param name="readOnly">Whether the group may only read.</param>
    public static void Apply(IVolumeHost host, string folder, PodSecurityContext? context, bool readOnly)
    {
        if (context?.FsGroup is not { } group)
            return;
        if (string.Equals(context.FsGroupChangePolicy, PodFSGroupChangePolicy.OnRootMismatch, StringComparison.Ordinal)
            && Matches(host, folder, (int)group, readOnly))
        {
            return;
        }

        Change(host, folder, (int)group, readOnly);
    }

    private static void Change(IVolumeHost host, string path, int group, bool readOnly)
    {
        host.ChangeOwner(path, -1, group);
        var info = new FileInfo(path);
        if (info.LinkTarget is not null)
            return;
        var isFolder = Directory.Exists(path);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | Wanted(isFolder, readOnly));
        if (!isFolder)
            return;
        foreach (var child in Directory.EnumerateFileSystemEntries(path))
            Change(host, child, group, readOnly);
    }

    private static bool Matches(IVolumeHost host, string folder, int group, bool readOnly)
    {
        var wanted = Wanted(isFolder: true, readOnly);
        return host.OwnerOf(folder).Group == group && (File.GetUnixFileMode(folder) & wanted) == wanted;
    }

    private static UnixFileMode Wanted(bool isFolder, bool readOnly)
    {
        var mode = readOnly ? ReadOnly : ReadWrite;
        return FileModes.From(isFolder ? mode | Execute | SetGroup : mode);
    }
}
