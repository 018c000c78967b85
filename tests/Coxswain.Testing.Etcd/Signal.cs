using System.Runtime.InteropServices;

namespace Coxswain.Testing.Etcd;

internal static partial class Signal
{
    private const int Stop = 19;
    private const int Continue = 18;

    public static void Pause(int process) => _ = Kill(process, Stop);

    public static void Resume(int process) => _ = Kill(process, Continue);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int process, int signal);
}
