namespace Coxswain.Cli.Settings;

/// <summary>Writes a command line in the one form that means the same to Go's flag library and to ours: <c>--name=value</c>.</summary>
/// <remarks>A switch alone is true, and takes the next argument only where that is true or false. Any other flag takes the next argument, whatever it
/// looks like (<c>--controllers -*</c>). Underscores count as dashes, as with upstream.</remarks>
internal static class GoFlags
{
    public static IReadOnlyList<string> Normalize(IReadOnlyList<string> arguments)
    {
        var result = new List<string>(arguments.Count);
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                result.AddRange(arguments.Skip(i));
                break;
            }

            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var flag = (equals < 0 ? argument : argument[..equals]).Replace('_', '-');
            if (!flag.StartsWith("--", StringComparison.Ordinal) || SettingTable.Find(flag[2..]) is not { } setting)
            {
                result.Add(argument);
                continue;
            }

            if (equals >= 0)
                result.Add(flag + argument[equals..]);
            else if (setting.IsSwitch && !(i + 1 < arguments.Count && !arguments[i + 1].StartsWith('-')))
                result.Add(flag + "=true");
            else if (i + 1 < arguments.Count)
                result.Add($"{flag}={arguments[++i]}");
            else
                result.Add(flag);
        }

        return result;
    }
}
