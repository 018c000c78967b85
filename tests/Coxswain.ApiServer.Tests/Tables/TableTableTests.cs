using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.Tables;

namespace Coxswain.ApiServer.Tests.Tables;

public sealed class TableTableTests
{
    // What newer releases changed: compared without these columns, and without order where it changed.
    private static readonly HashSet<string> Newer =
        ["Status@jobs", "VolumeAttributesClass@persistentvolumes", "VolumeAttributesClass@persistentvolumeclaims", "RequestedDuration@certificatesigningrequests",
         "StorageCapacity@csidrivers", "TokenRequests@csidrivers", "RequiresRepublish@csidrivers", "PreemptionPolicy@priorityclasses"];

    public static TheoryData<string> Resources => [.. ResourceTable.All.Select(descriptor => descriptor.Resource.ToString())];

    [Theory]
    [MemberData(nameof(Resources))]
    public void Every_resource_has_a_table_whose_cells_fit_its_columns(string resource)
    {
        var descriptor = ResourceTable.All.Single(descriptor => descriptor.Resource.ToString() == resource);
        if (descriptor.Codec.ReadJson("{\"metadata\":{\"name\":\"a\"}}"u8, null) is not IMetadataObject blank)
            return;
        var columns = TableTable.For(descriptor);
        Assert.Equal(columns.Definitions.Count, columns.Cells(blank, DateTimeOffset.UnixEpoch).Count());
        Assert.Contains(columns.Definitions, definition => definition.Format == "name");
    }

    [Fact]
    public void Names_types_and_priorities_are_those_of_upstream()
    {
        using var facts = JsonDocument.Parse(File.ReadAllBytes(FactsFile()));
        var compared = 0;
        foreach (var table in facts.RootElement.GetProperty("tables").EnumerateArray())
        {
            var plural = table.GetProperty("resource").GetString()!;
            Assert.True(GroupVersion.TryParse(table.GetProperty("groupVersion").GetString()!, out var version));
            if (ResourceTable.Find(new(version.Group, version.Version, plural)) is not { } descriptor)
                continue;

            var expected = table.GetProperty("columns").EnumerateArray().Select(column =>
                $"{column.GetProperty("name")} {(plural == "pods" && column.GetProperty("name").GetString() == "Restarts" ? "string" : column.GetProperty("type").GetString())} {column.GetProperty("format")} {column.GetProperty("priority")}");
            var actual = TableTable.For(descriptor).Definitions
                .Where(definition => !Newer.Contains($"{definition.Name}@{plural}"))
                .Select(definition => $"{definition.Name} {definition.Type} {definition.Format} {definition.Priority}");
            if (plural == "resourcequotas")
                (expected, actual) = (expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
            Assert.Equal(expected, actual);
            compared++;
        }

        Assert.True(compared > 35, $"only {compared} tables were compared");
    }

    private static string FactsFile()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Coxswain.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The repository was not found.");
        return Path.Combine(folder, "schema", "facts", "upstream-1.20", "columns.json");
    }
}
