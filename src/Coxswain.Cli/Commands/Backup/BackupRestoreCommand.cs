using System.CommandLine;

namespace Coxswain.Cli.Commands;

/// <summary>backup restore: a cluster out of a backup, on any machine.</summary>
internal static class BackupRestoreCommand
{
    public static Command Create(CliContext cli)
    {
        var file = new Argument<string>("file") { Description = "The backup" };
        var raise = new Option<long?>("--raise-revision-by")
        {
            Description = "How far beyond the backup's revision the restored store begins, so that no client that has seen later ones sees time go backwards. "
                + "Without it, a billion; into etcd, where every revision costs a write, 20000",
            HelpName = "NUMBER",
        };
        var command = new Command("restore",
            "Restore a backup into the folder of --data-dir, which must be empty or not there, on this or another machine. All of the backup is checked before anything is written; "
            + "then coxswain up --data-dir DIR starts the cluster, under whatever address this machine has")
        {
            file, raise,
        };
        var secret = SecretOptions.AddTo(command);
        var target = DatastoreOptions.AddTo(command, "Restore the state into an empty etcd cluster (etcd://HOST:PORT,...) in place of the data folder", required: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            var result = await cli.Host.State.RestoreBackupAsync(
                new(Path.GetFullPath(parsed.GetRequiredValue(file)), secret.Read(parsed), parsed.Instance(), target.Find(parsed), parsed.GetValue(raise)),
                new ProgressLines(cli.Out, cli.Clock), cancellation).ConfigureAwait(false);
            await cli.Out.WriteLineAsync(result).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}
