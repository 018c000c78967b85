using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Commands;

/// <summary>datastore: where the cluster's state is kept.</summary>
internal static class DatastoreCommand
{
    public static Command Create(CliContext cli)
    {
        var resume = new Option<bool>("--resume") { Description = "Clear what an earlier attempt left in the target, and begin anew" };
        var force = new Option<bool>("--force") { Description = "Go on though other API servers use the same etcd; stop them first, or what they write meanwhile is lost" };
        var migrate = new Command("migrate",
            "Move the cluster's state to another datastore, in either direction, while the cluster runs or while it is stopped. Writes wait for at most a few seconds at the end; "
            + "every key is compared; resource versions never go backwards. Until the last moment the present datastore stays in use, and it is left as it is afterwards")
        {
            resume, force,
        };
        var target = DatastoreOptions.AddTo(migrate, "Where the state goes: etcd://HOST:PORT,HOST:PORT, or sqlite: for the file of the data folder. It must be empty", required: true);
        migrate.SetAction(async (parsed, cancellation) =>
        {
            var result = await cli.Host.State.MigrateAsync(
                parsed.Instance(), new(target.Find(parsed)!, parsed.GetValue(resume), parsed.GetValue(force)), new ProgressLines(cli.Out, cli.Clock), cancellation).ConfigureAwait(false);
            await cli.Out.WriteLineAsync(result).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return new("datastore", "Where the cluster's state is kept") { migrate };
    }
}

/// <summary>--to, and what is needed to reach an etcd by TLS.</summary>
internal sealed class DatastoreOptions
{
    private readonly Option<string> _to;
    private readonly Option<string> _ca = new("--etcd-cafile") { Description = "PEM file of the authorities that sign the certificates of the target's members; etcd:// means TLS then", HelpName = "FILE" };
    private readonly Option<string> _certificate = new("--etcd-certfile") { Description = "PEM file of the certificate by which the target knows this server", HelpName = "FILE" };
    private readonly Option<string> _key = new("--etcd-keyfile") { Description = "PEM file of that certificate's key", HelpName = "FILE" };

    private DatastoreOptions(string help, bool required) => _to = new("--to") { Description = help, HelpName = "DATASTORE", Required = required };

    public static DatastoreOptions AddTo(Command command, string help, bool required)
    {
        var options = new DatastoreOptions(help, required);
        foreach (var option in new[] { options._to, options._ca, options._certificate, options._key })
            command.Options.Add(option);
        return options;
    }

    /// <summary>Null: none was named.</summary>
    public DatastoreAddress? Find(ParseResult parsed) => parsed.GetValue(_to) is { Length: > 0 } to
        ? DatastoreAddress.Parse(to, Full(parsed.GetValue(_ca)), Full(parsed.GetValue(_certificate)), Full(parsed.GetValue(_key)))
        : null;

    private static string Full(string? path) => string.IsNullOrEmpty(path) ? "" : Path.GetFullPath(path);
}
