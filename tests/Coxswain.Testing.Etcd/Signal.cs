using System.Runtime.InteropServices;

namespace Coxswain.Testing.Etcd;

internal static partial class Signal
{
    private const int Stop = 19;
    private const int Continue = 18;

    /// <summary>Returns when the process does nothing any more.</summary>
    public static void Pause(int process)
    {
        _ = Kill(process, Stop);
        SpinWait.SpinUntil(() => IsStopped(process), TimeSpan.FromSeconds(5));
    }

    public static void Resume(int process) => _ = Kill(process, Continue);

    // Threads stop one by one; each has a state of its own (proc(5)).
    private static bool IsStopped(int process) =>
        Directory.GetDirectories($"/proc/{process}/task").All(thread => File.ReadAllText(Path.Combine(thread, "stat")) is var stat && stat[stat.LastIndexOf(')') + 2] is 'T' or 'Z');

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int process, int signal);
}
