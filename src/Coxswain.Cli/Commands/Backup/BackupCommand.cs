using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>backup: a cluster's state as one encrypted file, and back.</summary>
internal static class BackupCommand
{
    public static Command Create(CliContext cli) =>
        new("backup", "Back up a cluster into one encrypted file, look at backups, and restore them")
        {
            BackupCreateCommand.Create(cli),
            BackupListCommand.Create(cli),
            BackupVerifyCommand.Create(cli),
            BackupRestoreCommand.Create(cli),
        };
}

/// <summary>The two ways to give the secret. Files only: a command line is seen by everybody on the machine.</summary>
internal sealed class SecretOptions
{
    private readonly Option<string> _passphrase = new("--passphrase-file")
    {
        Description = "A file whose first line is the passphrase. Whoever has it and the backup has every secret of the cluster; whoever has lost it has lost the backup",
        HelpName = "FILE",
    };

    private readonly Option<string> _key = new("--key-file")
    {
        Description = "A file of at least 32 random bytes in place of a passphrase (head -c 32 /dev/urandom)",
        HelpName = "FILE",
    };

    public static SecretOptions AddTo(Command command)
    {
        var options = new SecretOptions();
        command.Options.Add(options._passphrase);
        command.Options.Add(options._key);
        return options;
    }

    public BackupSecretFile Read(ParseResult parsed)
    {
        var (passphrase, key) = (parsed.GetValue(_passphrase) ?? "", parsed.GetValue(_key) ?? "");
        if (passphrase.Length > 0 == key.Length > 0)
            throw new LifecycleException("give the secret of the backup in one file: --passphrase-file FILE or --key-file FILE");
        return new(passphrase.Length > 0 ? Path.GetFullPath(passphrase) : "", key.Length > 0 ? Path.GetFullPath(key) : "");
    }
}
