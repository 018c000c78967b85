using System.CommandLine;
using Coxswain.Lifecycle;

namespace Coxswain.Cli.Settings;

/// <summary>The settings as flags of one command, over the configuration file that --config names.</summary>
internal sealed class SettingFlags
{
    private readonly List<(Setting Setting, Option<string[]> Option)> _flags = [];
    private readonly SettingRoles _role;
    private readonly Option<string?> _config = new("--config") { HelpName = "FILE" };

    private SettingFlags(SettingRoles role) => _role = role;

    /// <summary>Declares the flags of a role on a command.</summary>
    public static SettingFlags AddTo(Command command, SettingRoles role)
    {
        var flags = new SettingFlags(role);
        command.Options.Add(flags._config);
        foreach (var setting in SettingTable.All.Where(s => s.Roles.HasFlag(role) && s.Name != SettingTable.DataDirectory))
        {
            // Texts, read by the table: so that a flag and a line of the file are one thing.
            var option = new Option<string[]>("--" + setting.Name) { Description = setting.Help, HelpName = setting.ValueName, Arity = ArgumentArity.OneOrMore };
            flags._flags.Add((setting, option));
            command.Options.Add(option);
        }

        return flags;
    }

    /// <summary>Defaults, then the file, then flags.</summary>
    /// <exception cref="LifecycleException">A value has not the form it needs, or the file cannot be read.</exception>
    public ClusterOptions Read(ParseResult parsed)
    {
        var options = new ClusterOptions { DataDirectory = parsed.Instance().Root };
        var given = _flags.Where(f => parsed.GetResult(f.Option) is { Implicit: false }).ToList();
        if (parsed.GetValue(_config) is { } file)
        {
            foreach (var entry in ConfigurationFile.Read(Path.GetFullPath(file), _role))
            {
                // What a flag says is not even read from the file.
                if (given.Any(f => f.Setting == entry.Setting) || (entry.Setting.Name == SettingTable.DataDirectory && parsed.HasDataDirectory()))
                    continue;
                options = Apply(entry.Setting, entry.Values, options, $"{file}, line {entry.Line}: {entry.Setting.Name}");
            }
        }

        foreach (var (setting, option) in given)
            options = Apply(setting, parsed.GetValue(option)!, options, "--" + setting.Name);
        return options;
    }

    private static ClusterOptions Apply(Setting setting, IReadOnlyList<string> values, ClusterOptions options, string where)
    {
        try
        {
            return setting.Apply(options, values);
        }
        catch (FormatException e)
        {
            throw new LifecycleException($"{where}: {(values[^1].Length > 0 ? values[^1] : "the empty text")} {e.Message}");
        }
    }
}
