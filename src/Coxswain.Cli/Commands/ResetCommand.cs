using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>reset: stops everything and removes everything, so that the machine is as before.</summary>
internal static class ResetCommand
{
    public static Command Create(CliContext cli)
    {
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("reset", "Stop everything and remove everything of this instance, its state included") { yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            var directory = parsed.Instance();
            if (!Directory.Exists(directory.Root))
            {
                await cli.Out.WriteLineAsync($"nothing is there: {directory.Root} does not exist").ConfigureAwait(false);
                return ExitCode.Success;
            }

            if (!LooksLikeOurs(directory))
                throw new LifecycleException($"{directory.Root} was not made by coxswain up; nothing was removed");
            if (!parsed.GetValue(yes) && !await Confirmed(cli, directory).ConfigureAwait(false))
                return ExitCode.Failure;

            var stopped = await DownCommand.RunAsync(cli, directory, cancellation).ConfigureAwait(false);
            if (stopped != ExitCode.Success)
                return stopped;
            await cli.Host.ResetAsync(directory, new ProgressLines(cli.Out, cli.Clock), cancellation).ConfigureAwait(false);
            await cli.Out.WriteLineAsync("removed").ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }

    private static bool LooksLikeOurs(InstanceDirectory directory) => Directory.Exists(directory.Run) && Directory.Exists(directory.Pki);

    private static async Task<bool> Confirmed(CliContext cli, InstanceDirectory directory)
    {
        if (Console.IsInputRedirected)
            throw new LifecycleException($"reset removes the cluster in {directory.Root} for good; say so with --yes");
        await cli.Out.WriteAsync($"This removes the cluster in {directory.Root} and all its state for good. Type yes to go on: ").ConfigureAwait(false);
        return string.Equals(Console.ReadLine()?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);
    }
}
