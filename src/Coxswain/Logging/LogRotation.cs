using System.Runtime.InteropServices;

namespace Coxswain.Logging;

/// <summary>Keeps the log file that standard error was sent to within bounds: one of 20 MiB and three older ones.</summary>
internal static partial class LogRotation
{
    private const long Limit = 20L << 20;
    private const int Older = 3;
    private const int StandardError = 2;

    /// <summary>Runs until cancelled. Does nothing where standard error is not this file.</summary>
    public static async Task RunAsync(string path, TimeProvider clock, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(30), clock);
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            if (new FileInfo(path) is not { Exists: true, Length: > Limit } || File.ResolveLinkTarget($"/proc/self/fd/{StandardError}", false)?.FullName != path)
                continue;
            for (var i = Older; i > 1; i--)
            {
                if (File.Exists($"{path}.{i - 1}"))
                    File.Move($"{path}.{i - 1}", $"{path}.{i}", overwrite: true);
            }

            File.Move(path, $"{path}.1", overwrite: true);
            using var fresh = File.OpenHandle(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            // Whoever writes to standard error, the runtime's own last words included, writes to the new file from here on.
            _ = Dup2((int)fresh.DangerousGetHandle(), StandardError);
        }
    }

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int oldDescriptor, int newDescriptor);
}
