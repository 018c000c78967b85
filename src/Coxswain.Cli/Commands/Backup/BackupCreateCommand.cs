using System.CommandLine;

namespace Coxswain.Cli.Commands;

/// <summary>backup create: a consistent copy of the cluster's state, proven to be restorable.</summary>
internal static class BackupCreateCommand
{
    public static Command Create(CliContext cli)
    {
        var folder = new Argument<string>("folder") { Description = "The folder that the backup goes to, made if it is missing" };
        var verify = new Option<bool>("--verify")
        {
            Description = "Restore the backup into a scratch store and compare every object before it gets its name; --verify=false leaves that out",
            DefaultValueFactory = _ => true,
        };
        var command = new Command("create",
            "Back up the cluster: its state at one revision, its certificate authorities, keys and settings, in one file that needs nothing else to be restored. "
            + "Works while the cluster runs, without holding anything up, and while it is stopped")
        {
            folder, verify,
        };
        var secret = SecretOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var result = await cli.Host.State.CreateBackupAsync(
                parsed.Instance(), new(Path.GetFullPath(parsed.GetRequiredValue(folder)), secret.Read(parsed), parsed.GetValue(verify)),
                new ProgressLines(cli.Out, cli.Clock), cancellation).ConfigureAwait(false);
            await cli.Out.WriteLineAsync(result).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}
