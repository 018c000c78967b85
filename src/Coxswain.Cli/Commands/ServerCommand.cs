using System.CommandLine;
using Coxswain.Cli.Settings;

namespace Coxswain.Cli.Commands;

/// <summary>server: what a control plane machine runs, in the foreground: API server, controllers and scheduler, and no node.</summary>
internal static class ServerCommand
{
    public static Command Create(CliContext cli)
    {
        var command = new Command("server", "Run API server, controllers and scheduler, without a node, in the foreground");
        var settings = SettingFlags.AddTo(command, SettingRoles.Server);
        command.SetAction((parsed, cancellation) =>
        {
            var options = settings.Read(parsed) with { RunNode = false, Foreground = true };
            cli.Host.Check(options);
            return ForegroundRun.RunAsync(cli, options, cancellation);
        });
        return command;
    }
}
