using System.CommandLine;

namespace Coxswain.Cli.Commands;

/// <summary>backup verify: proves that a backup can be restored.</summary>
internal static class BackupVerifyCommand
{
    public static Command Create(CliContext cli)
    {
        var file = new Argument<string>("file") { Description = "The backup" };
        var command = new Command("verify",
            "Restore a backup into a scratch store in this process, read it back, count, hash and decode every object, and say how long it took. Changes no cluster")
        {
            file,
        };
        var secret = SecretOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var result = await cli.Host.State.VerifyBackupAsync(
                Path.GetFullPath(parsed.GetRequiredValue(file)), secret.Read(parsed), new ProgressLines(cli.Out, cli.Clock), cancellation).ConfigureAwait(false);
            await cli.Out.WriteLineAsync(result).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}
