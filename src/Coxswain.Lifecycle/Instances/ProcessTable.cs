using System.Globalization;
using System.Runtime.InteropServices;

namespace Coxswain.Lifecycle;

/// <summary>Processes as the kernel shows them in /proc.</summary>
public static partial class ProcessTable
{
    /// <summary>When a process was started, in clock ticks since boot; null if there is no such process or it is a zombie.</summary>
    public static long? StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The command stands in parentheses and may hold spaces and parentheses itself: count from the last one (proc(5)).
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Asks a process to end. False if it is gone.</summary>
    public static bool Terminate(int pid) => Kill(pid, 15) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
