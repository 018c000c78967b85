using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Coxswain.Cli.Settings;

/// <summary>Help of the commands that have settings: what they are for, with examples, and every setting under its heading.</summary>
internal sealed class SettingHelp(CliContext cli, SynchronousCommandLineAction others) : SynchronousCommandLineAction
{
    private const int Width = 100;
    private const int Indent = 8;

    /// <summary>Takes the place of the plain help of some commands.</summary>
    public static void Install(RootCommand root, CliContext cli)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new SettingHelp(cli, (SynchronousCommandLineAction)help.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        SettingRoles? role = command.Name switch { "up" => SettingRoles.Up, "server" => SettingRoles.Server, _ => null };
        if (role is null)
            return others.Invoke(parseResult);
        Write(parseResult.InvocationConfiguration.Output, command, role.Value);
        return ExitCode.Success;
    }

    internal void Write(TextWriter output, Command command, SettingRoles role)
    {
        output.WriteLine(command.Description);
        output.WriteLine();
        output.WriteLine($"Usage:\n  coxswain {command.Name} [--FLAG=VALUE ...] [--config FILE]");
        output.WriteLine();
        output.WriteLine("Examples:");
        foreach (var (line, what) in role == SettingRoles.Up ? UpExamples : ServerExamples)
            output.WriteLine($"  {line,-66} # {what}");
        output.WriteLine();
        output.WriteLine(
            "Flags are written --name=value or --name value; a switch alone is true, --name=false turns it off. Lists take commas, or the flag\n"
            + "several times. Times are 1h30m, 90s, 500ms. Names that kube-apiserver or kube-controller-manager has too mean what they mean there.");
        foreach (var section in SettingTable.All.Where(s => s.Roles.HasFlag(role)).GroupBy(s => s.Section))
        {
            output.WriteLine();
            output.WriteLine($"{section.Key}:");
            foreach (var setting in section)
                Write(output, setting);
        }

        output.WriteLine();
        output.WriteLine("Configuration file:");
        output.WriteLine("  --config FILE");
        WriteWrapped(output, "A YAML file of the same settings by the same names, without dashes (event-ttl: 2h). A flag wins over the file. "
            + "Lists may be YAML lists; runtime-config may be a mapping. A name that is not known is an error.");
        output.WriteLine();
        output.WriteLine("  -?, -h, --help\n        Show this.");
    }

    private void Write(TextWriter output, Setting setting)
    {
        var value = setting.ValueName.Length > 0 ? " " + setting.ValueName : "";
        var standard = setting.Default.Length > 0 ? $"   (default: {setting.Default})" : "";
        output.WriteLine($"  --{setting.Name}{value}{standard}");
        WriteWrapped(output, setting.Help);
        if (cli.Host.ValuesOf(setting.Name) is { Count: > 0 } known)
            WriteWrapped(output, $"Known: {string.Join(", ", known)}.");
    }

    private static void WriteWrapped(TextWriter output, string text)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length + 1 + word.Length > Width - Indent)
            {
                output.WriteLine(new string(' ', Indent) + line);
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        output.WriteLine(new string(' ', Indent) + line);
    }

    private static readonly (string Line, string What)[] UpExamples =
    [
        ("coxswain up", "a cluster on this machine, in the background"),
        ("coxswain up --no-node --data-dir=/tmp/try --secure-port=7443", "the control plane alone, without root"),
        ("coxswain up --foreground --config=/etc/coxswain/config.yaml", "under a supervisor"),
        ("coxswain up --event-ttl=2h --runtime-config=autoscaling/v1=false", "upstream's flags"),
    ];

    private static readonly (string Line, string What)[] ServerExamples =
    [
        ("coxswain server --data-dir=/var/lib/coxswain", "a control plane machine"),
        ("coxswain server --advertise-address=192.0.2.10 --secure-port=6443", "reached by other machines at this address"),
        ("coxswain server '--controllers=-*' --no-scheduler", "the API server alone"),
        ("coxswain server '--controllers=*,-cronjob-controller'", "all controllers but one"),
        ("coxswain server --config=/etc/coxswain/config.yaml", "the same settings from a file"),
    ];
}
