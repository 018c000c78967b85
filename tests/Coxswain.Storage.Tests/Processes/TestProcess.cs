using System.Diagnostics;

namespace Coxswain.Storage.Tests.Processes;

/// <summary>Starts this program in another role.</summary>
internal static class TestProcess
{
    public static Process Start(params string[] args) => Start([], args);

    /// <param name="wrapper">A command that runs the rest of its line, as unshare does.</param>
    public static Process Start(string[] wrapper, string[] args)
    {
        var self = Environment.ProcessPath!;
        string[] command = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(TestProcess).Assembly.Location] : [self];
        string[] line = [.. wrapper, .. command, .. args];
        var start = new ProcessStartInfo(line[0], line.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }
}
