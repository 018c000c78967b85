using System.CommandLine;
using Coxswain.Cli.Settings;

namespace Coxswain.Cli;

/// <summary>What is wrong with a command line, in one sentence that names the mend.</summary>
internal static class UsageSentence
{
    public static string For(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = command is RootCommand ? "coxswain" : $"coxswain {command.Name}";
        var first = parsed.UnmatchedTokens.Count > 0
            ? Unknown(parsed.UnmatchedTokens[0])
            : parsed.Errors[0].Message.TrimEnd('.');
        return $"{first}; see {path} --help";
    }

    private static string Unknown(string token)
    {
        var name = token.Split('=')[0];
        return name.StartsWith("--", StringComparison.Ordinal) ? $"unknown flag {name}{NearestName.Hint(name[2..])}" : $"unexpected argument \"{token}\"";
    }
}
