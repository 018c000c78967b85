using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Volumes;

/// <summary>Holds a host path against the type that the pod says it has, and makes it where the type allows.</summary>
internal static class HostPathCheck
{
    /// <exception cref="VolumeException">It is something else, or not there.</exception>
    public static void Apply(HostPathVolumeSource source)
    {
        var path = source.Path;
        switch (source.Type)
        {
            case HostPathType.DirectoryOrCreate:
                if (!Exists(path))
                {
                    Directory.CreateDirectory(path);
                    File.SetUnixFileMode(path, FileModes.From(0x1ED /* 0755 */));
                }

                Require(Directory.Exists(path), path, "a directory");
                break;
            case HostPathType.Directory:
                Require(Directory.Exists(path), path, "a directory");
                break;
            case HostPathType.FileOrCreate:
                if (!Exists(path))
                {
                    File.WriteAllBytes(path, []);
                    File.SetUnixFileMode(path, FileModes.From(0x1A4 /* 0644 */));
                }

                Require(File.Exists(path) && KindOf(path) == FileKind.Regular, path, "a file");
                break;
            case HostPathType.File:
                Require(File.Exists(path) && KindOf(path) == FileKind.Regular, path, "a file");
                break;
            case HostPathType.Socket:
                Require(KindOf(path) == FileKind.Socket, path, "a socket file");
                break;
            case HostPathType.CharDevice:
                Require(KindOf(path) == FileKind.CharDevice, path, "a character device");
                break;
            case HostPathType.BlockDevice:
                Require(KindOf(path) == FileKind.BlockDevice, path, "a block device");
                break;
        }
    }

    private enum FileKind
    {
        None,
        Regular,
        Socket,
        CharDevice,
        BlockDevice,
        Other,
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    private static void Require(bool holds, string path, string what)
    {
        if (!holds)
            throw new VolumeException($"hostPath type check failed: {path} is not {what}");
    }

    private static FileKind KindOf(string path) => !Exists(path) ? FileKind.None : Libc.TypeOf(path) switch
    {
        0x8000 => FileKind.Regular,
        0xC000 => FileKind.Socket,
        0x2000 => FileKind.CharDevice,
        0x6000 => FileKind.BlockDevice,
        _ => FileKind.Other,
    };
}
