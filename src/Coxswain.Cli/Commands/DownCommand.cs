using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>down: stops pods and process, and keeps all state.</summary>
internal static class DownCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("down", "Stop the pods and the process; the cluster's state stays, and up brings it back");
        command.SetAction((parsed, cancellation) => RunAsync(cli, parsed.Instance(), cancellation));
        return command;
    }

    internal static async Task<int> RunAsync(CliContext cli, InstanceDirectory directory, CancellationToken cancellation)
    {
        if (!Directory.Exists(directory.Run))
        {
            await cli.Out.WriteLineAsync($"nothing is running in {directory.Root}").ConfigureAwait(false);
            return ExitCode.Success;
        }

        var progress = new ProgressLines(cli.Out, cli.Clock);
        var stop = new Phase("stop", async c =>
        {
            if (InstanceRecord.Read(directory) is not { } record || !record.IsAlive())
                return "no process was running";
            await File.WriteAllTextAsync(directory.DownRequest, "", c).ConfigureAwait(false);
            ProcessTable.Terminate(record.Pid);
            // Pods have their grace periods; the process ends by itself when the last of them has.
            while (record.IsAlive())
                await Task.Delay(TimeSpan.FromMilliseconds(50), cli.Clock, c).ConfigureAwait(false);
            return $"process {record.Pid} has ended";
        });
        await PhaseRunner.RunAsync([stop], progress, cli.Clock, cancellation).ConfigureAwait(false);

        using (InstanceLock.Acquire(directory))
        {
            // What a process left behind that was killed.
            await cli.Host.StopNodeAsync(directory, progress, cancellation).ConfigureAwait(false);
            File.Delete(directory.DownRequest);
            File.Delete(directory.InstanceFile);
        }

        return ExitCode.Success;
    }
}
