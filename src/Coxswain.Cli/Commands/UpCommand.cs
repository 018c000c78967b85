using System.CommandLine;
using Coxswain.Cli.Settings;

namespace Coxswain.Cli.Commands;

/// <summary>up: starts a cluster on this machine and returns when its node is Ready.</summary>
internal static class UpCommand
{
    public static Command Create(CliContext cli)
    {
        var detached = new Option<bool>("--detached") { Hidden = true };
        var command = new Command("up", "Start a cluster on this machine and return when it is ready") { detached };
        var settings = SettingFlags.AddTo(command, SettingRoles.Up);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = settings.Read(parsed);
            cli.Host.Check(options);
            if (parsed.GetValue(detached))
                return await ForegroundRun.DetachedAsync(cli, options, cancellation).ConfigureAwait(false);
            if (options.Foreground)
                return await ForegroundRun.RunAsync(cli, options, cancellation).ConfigureAwait(false);
            return await DetachedUp.StartAsync(cli, options, cancellation).ConfigureAwait(false);
        });
        return command;
    }
}
