using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Coxswain.Architecture.Tests;

/// <summary>Holds the project files against the table in ARCHITECTURE.md.</summary>
public sealed partial class FloorTests
{
    private sealed record Room(int Floor, IReadOnlyList<string> RefersTo);

    private static readonly IReadOnlyDictionary<string, Room> Table = ReadTable();

    private static Dictionary<string, Room> ReadTable()
    {
        var rooms = new Dictionary<string, Room>();
        foreach (Match row in Row().Matches(Repository.Read("ARCHITECTURE.md")))
            rooms[row.Groups[1].Value] = new(int.Parse(row.Groups[2].Value), [.. Name().Matches(row.Groups[3].Value).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal)]);
        return rooms;
    }

    private static XDocument Project(string name) => XDocument.Parse(Repository.Read($"src/{name}/{name}.csproj"));

    private static List<string> References(string name) =>
    [
        .. Project(name).Descendants("ProjectReference")
            .Where(r => r.Attribute("OutputItemType")?.Value != "Analyzer")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value)).Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> Projects() => [.. Repository.SourceProjects().Where(p => p != "Coxswain.Api.Generator")];

    [Fact]
    public void Every_project_has_its_floor_in_the_document_and_the_other_way_round()
    {
        Assert.Equal(Repository.SourceProjects().Where(p => p != "Coxswain.Api.Generator"), Table.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_what_the_document_says_and_only_to_lower_floors(string project)
    {
        var references = References(project);
        if (project != "Coxswain")
            Assert.Equal(Table[project].RefersTo, references);
        Assert.All(references, r => Assert.True(Table[r].Floor < Table[project].Floor, $"{project} must not refer to {r}: it is not on a lower floor"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_servers_use_the_web_stack(string project)
    {
        if (project is "Coxswain.ApiServer" or "Coxswain.Node" or "Coxswain")
            return;
        Assert.DoesNotContain(Project(project).Descendants("FrameworkReference"), r => r.Attribute("Include")?.Value == "Microsoft.AspNetCore.App");
        Assert.NotEqual("Microsoft.NET.Sdk.Web", Project(project).Root!.Attribute("Sdk")!.Value);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_has_a_readme_of_at_most_a_screen(string project)
    {
        var lines = Repository.Read($"src/{project}/README.md").Split('\n');
        Assert.InRange(lines.Length, 5, 60);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_room_is_without_a_rule_for_what_may_enter(string project)
    {
        Assert.DoesNotMatch("(?i)(common|shared|utils|helpers)", project);
    }

    [GeneratedRegex(@"^\| `(Coxswain[A-Za-z.]*)` \| (\d) \|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(Coxswain[A-Za-z.]*)`")]
    private static partial Regex Name();
}
