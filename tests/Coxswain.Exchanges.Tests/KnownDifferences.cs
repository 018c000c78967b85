using System.IO.Enumeration;
using System.Text.Json.Nodes;

namespace Coxswain.Exchanges.Tests;

/// <summary>The steps that v1.36 answers otherwise than the recorded release, and where in the answer.</summary>
internal sealed class KnownDifferences
{
    private readonly ILookup<(string Scenario, string Step), string> _paths;

    private KnownDifferences(JsonArray entries) => _paths = (
        from entry in entries
        from step in entry!["steps"]!.AsArray()
        from path in entry["paths"]!.AsArray()
        select (Key: ((string)entry["scenario"]!, (string)step!), Path: (string)path!)).ToLookup(e => e.Key, e => e.Path);

    public static KnownDifferences Load()
    {
        var entries = JsonNode.Parse(File.ReadAllText(Path.Combine(ReplayFixture.Folder, "known-differences.json")))!.AsArray();
        foreach (var entry in entries)
            Assert.All((string[])["what", "why", "source"], member => Assert.False(string.IsNullOrEmpty((string?)entry![member])));
        return new(entries);
    }

    public IReadOnlyList<string> ScenariosNamed => [.. _paths.Select(p => p.Key.Scenario).Distinct()];

    public IReadOnlyList<string> StepsOf(string scenario) => [.. _paths.Where(p => p.Key.Scenario == scenario).Select(p => p.Key.Step)];

    public bool Covers(string scenario, string step, Difference difference) =>
        _paths[(scenario, step)].Any(path => FileSystemName.MatchesSimpleExpression(path.Replace("?", @"\?", StringComparison.Ordinal), difference.Path, ignoreCase: false));
}
