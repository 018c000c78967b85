using System.Text.RegularExpressions;
using Coxswain.Node.Host;

namespace Coxswain.Node.Network;

/// <summary>Looks whether the machine's own firewall drops what is forwarded, which no rule of ours can overrule.</summary>
internal static partial class ForwardPolicy
{
    /// <summary>The chains that drop by default, such as "ip filter FORWARD" (docker's doing, often).</summary>
    public static async Task<IReadOnlyList<string>> FindDroppingAsync(CancellationToken cancellation)
    {
        var chains = await HostCommand.RunAsync("nft", ["list", "chains"], input: null, cancellation);
        return chains.Succeeded ? FindDropping(chains.Output) : [];
    }

    internal static IReadOnlyList<string> FindDropping(string chains)
    {
        var found = new List<string>();
        string table = "", chain = "";
        foreach (var line in chains.Split('\n'))
        {
            if (Header().Match(line) is { Success: true } header)
            {
                if (header.Groups["what"].Value == "table")
                    table = header.Groups["name"].Value;
                else
                    chain = header.Groups["name"].Value;
            }
            else if (Drops().IsMatch(line) && !table.StartsWith("ip6 ", StringComparison.Ordinal))
            {
                found.Add($"{table} {chain}");
            }
        }
        return found;
    }

    [GeneratedRegex(@"^\s*(?<what>table|chain) (?<name>.+?) \{", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Header();

    [GeneratedRegex(@"type filter hook forward .*policy drop;", RegexOptions.NonBacktracking)]
    private static partial Regex Drops();
}
