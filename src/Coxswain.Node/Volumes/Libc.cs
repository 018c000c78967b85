using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Coxswain.Node.Volumes;

/// <summary>The few system calls that volumes need and the base library does not offer.</summary>
internal static partial class Libc
{
    public const ulong MountNoSuid = 2;
    public const ulong MountNoDev = 4;
    public const ulong MountNoExec = 8;
    public const ulong MountBind = 4096;
    public const ulong MountRecursive = 16384;
    public const int UnmountDetach = 2;
    public const int UnmountNoFollow = 8;

    private const int OpenPath = 0x200000;
    private const int OpenCloseOnExec = 0x80000;
    private const ulong ResolveBeneath = 0x08;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const long SystemCallOpenAt2 = 437;
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint StatxGroup = 0x10;
    private const uint StatxType = 0x01;
    private const uint StatxUser = 0x08;
    private const int ErrorNoEntry = 2;

    public static void Mount(string source, string target, string type, ulong flags, string data)
    {
        if (mount(source, target, type, flags, data) != 0)
            throw Failure($"mount {target}");
    }

    public static void Unmount(string target, int flags)
    {
        if (umount2(target, flags) != 0)
            throw Failure($"umount {target}");
    }

    /// <summary>Gives a file, or a link itself, another name, in place of what had it.</summary>
    public static void Rename(string from, string to)
    {
        if (rename(from, to) != 0)
            throw Failure($"rename {from}");
    }

    /// <summary>Changes owner and group of the link itself; -1 leaves one as it is.</summary>
    public static void ChangeOwner(string path, int user, int group)
    {
        if (lchown(path, user, group) != 0)
            throw Failure($"lchown {path}");
    }

    public static (int User, int Group) OwnerOf(string path)
    {
        if (statx(AtFdCwd, path, AtSymlinkNoFollow, StatxUser | StatxGroup, out var result) != 0)
            throw Failure($"stat {path}");
        return ((int)result.User, (int)result.Group);
    }

    /// <summary>The type bits (S_IFMT) of what a path leads to.</summary>
    public static int TypeOf(string path)
    {
        if (statx(AtFdCwd, path, 0, StatxType, out var result) != 0)
            throw Failure($"stat {path}");
        return result.Mode & 0xF000;
    }

    /// <summary>Opens something below a folder. The kernel refuses every way out of the folder: "..", absolute links, links that lead outside.
    /// Returns null if there is nothing of that name.</summary>
    public static SafeFileDescriptor? OpenBeneath(SafeFileDescriptor folder, string relative)
    {
        var how = new OpenHow { Flags = OpenPath | OpenCloseOnExec, Resolve = ResolveBeneath | ResolveNoMagicLinks };
        var descriptor = openat2(SystemCallOpenAt2, folder.Value, relative, in how, (nuint)Marshal.SizeOf<OpenHow>());
        if (descriptor >= 0)
            return new((int)descriptor);
        return Marshal.GetLastPInvokeError() == ErrorNoEntry ? null : throw Failure($"open {relative}");
    }

    public static SafeFileDescriptor OpenFolder(string path)
    {
        var descriptor = open(path, OpenPath | OpenCloseOnExec);
        return descriptor >= 0 ? new(descriptor) : throw Failure($"open {path}");
    }

    public static void MakeDirectory(SafeFileDescriptor folder, string name, uint mode)
    {
        if (mkdirat(folder.Value, name, mode) != 0)
            throw Failure($"mkdir {name}");
    }

    /// <summary>Size and use of the file system that holds a path.</summary>
    public static FileSystemUse UseOf(string path)
    {
        if (statvfs(path, out var result) != 0)
            throw Failure($"statvfs {path}");
        return new(
            (long)(result.Blocks * result.FragmentSize), (long)(result.BlocksAvailable * result.FragmentSize),
            (long)result.Files, (long)result.FilesAvailable);
    }

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new($"{what}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int lchown(string path, int user, int group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int statx(int folder, string path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int mkdirat(int folder, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial long openat2(long number, int folder, string path, in OpenHow how, nuint size);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int statvfs(string path, out StatvfsResult result);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    // struct statx is 256 bytes on every architecture; the owner stands at offset 20.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxResult
    {
        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;
    }

    // struct statvfs of 64-bit Linux: eleven machine words and padding.
    [StructLayout(LayoutKind.Explicit, Size = 112)]
    private struct StatvfsResult
    {
        [FieldOffset(8)]
        public ulong FragmentSize;

        [FieldOffset(16)]
        public ulong Blocks;

        [FieldOffset(32)]
        public ulong BlocksAvailable;

        [FieldOffset(40)]
        public ulong Files;

        [FieldOffset(56)]
        public ulong FilesAvailable;
    }
}

internal sealed record FileSystemUse(long Bytes, long BytesAvailable, long Inodes, long InodesAvailable);

/// <summary>An open file descriptor; whoever holds it disposes it.</summary>
internal sealed class SafeFileDescriptor(int value) : IDisposable
{
    private int _value = value;

    public int Value => _value >= 0 ? _value : throw new ObjectDisposedException(nameof(SafeFileDescriptor));

    /// <summary>A path that names exactly what was opened, whatever is renamed in the meantime.</summary>
    public string ProcPath => $"/proc/self/fd/{Value}";

    public void Dispose()
    {
        var closing = Interlocked.Exchange(ref _value, -1);
        if (closing >= 0)
            _ = Libc.close(closing);
    }
}
