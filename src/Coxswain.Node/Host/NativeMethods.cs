using System.Runtime.InteropServices;

namespace Coxswain.Node.Host;

/// <summary>The few system calls that the base library does not offer.</summary>
internal static class NativeMethods
{
    public const int SignalTerminate = 15;
    public const int SignalKill = 9;

    private const int DetachMount = 2;
    private const int NoFollow = 8;

    /// <summary>Sends a signal; false when there is no such process.</summary>
    public static bool Signal(int processId, int signal) => kill(processId, signal) == 0;

    /// <summary>Takes a mount out of the tree, even a busy one; false when there was none.</summary>
    public static bool Unmount(string path) => umount2(path, NoFollow) == 0 || umount2(path, DetachMount | NoFollow) == 0;

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int umount2([MarshalAs(UnmanagedType.LPUTF8Str)] string target, int flags);
}
