using System.Runtime.InteropServices;

namespace Coxswain.Cli.Commands;

/// <summary>The running end of <c>up</c>: the process that stays when the command has returned.</summary>
internal static partial class DetachedProcess
{
    private const int StandardOutput = 1;

    /// <summary>The last line of progress (EOT). The end of the pipe is not waited for: the runtime holds a second descriptor of it.</summary>
    public const string EndOfProgress = "\u0004";

    /// <summary>Leaves the terminal's session, so that closing the terminal or Ctrl-C there does not end the cluster.</summary>
    public static void LeaveSession() => _ = SetSid();

    /// <summary>Ends the pipe on which the waiting command reads progress; from here on only the log is written.</summary>
    public static void CloseOutput()
    {
        Console.Out.WriteLine(EndOfProgress);
        Console.Out.Flush();
        // Standard error is the log file by now: what anything still prints goes there.
        _ = Dup2(2, StandardOutput);
    }

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int oldDescriptor, int newDescriptor);
}
