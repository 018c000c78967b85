using System.Diagnostics;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>The waiting end of <c>up</c>: starts the process that stays, shows its progress, and returns when it is ready or has failed.</summary>
internal static class DetachedUp
{
    public static async Task<int> StartAsync(CliContext cli, ClusterOptions options, CancellationToken cancellation)
    {
        var directory = options.Directory;
        directory.Create();
        using (var free = InstanceLock.TryAcquire(directory))
        {
            if (free is null)
            {
                if (InstanceRecord.Read(directory) is { ReadyAt: not null } running && running.IsAlive())
                {
                    await cli.Out.WriteLineAsync($"already running at {running.Server} (process {running.Pid})").ConfigureAwait(false);
                    await cli.Out.WriteLineAsync($"  export KUBECONFIG={directory.AdminKubeConfig}").ConfigureAwait(false);
                    return ExitCode.Success;
                }

                throw new LifecycleException($"another process is starting or stopping in {directory.Root}; try again in a moment, or see coxswain logs");
            }
        }

        // sh opens the log for appending and then becomes the process itself: no descriptor of ours is handed down by accident.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; (umask 077; : >>\"$log\"); umask 022; exec \"$@\" </dev/null 2>>\"$log\"");
        start.ArgumentList.Add("coxswain");
        start.ArgumentList.Add(directory.Log);
        foreach (var argument in ThisCommandLine())
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add("--detached");

        using var process = Process.Start(start) ?? throw new LifecycleException("cannot start /bin/sh");
        // The child says when it is ready; if it fails, its end closes the pipe.
        while (await process.StandardOutput.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line && line != DetachedProcess.EndOfProgress)
            await cli.Out.WriteLineAsync(line).ConfigureAwait(false);

        if (InstanceRecord.Read(directory) is { ReadyAt: not null } record && record.IsAlive())
            return ExitCode.Success;
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        throw new LifecycleException(await LastWords(directory.Log, cancellation).ConfigureAwait(false));
    }

    /// <summary>This process's executable and arguments: the child is the same command with one option more.</summary>
    private static IEnumerable<string> ThisCommandLine()
    {
        var arguments = Environment.GetCommandLineArgs();
        var executable = Environment.ProcessPath!;
        // Under `dotnet coxswain.dll` the first argument is the assembly; as an executable of its own it is the program itself.
        var hosted = Path.GetFileNameWithoutExtension(executable) == "dotnet";
        return [executable, .. hosted ? arguments : arguments.Skip(1)];
    }

    private static async Task<string> LastWords(string log, CancellationToken cancellation)
    {
        const string Prefix = "coxswain: ";
        var lines = File.Exists(log) ? await File.ReadAllLinesAsync(log, cancellation).ConfigureAwait(false) : [];
        return lines.LastOrDefault(l => l.StartsWith(Prefix, StringComparison.Ordinal)) is { } last
            ? last[Prefix.Length..]
            : $"the process ended before it was ready; see {log}";
    }
}
