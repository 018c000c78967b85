using System.Globalization;
using System.Text.Json;
using Coxswain.Api;
using Coxswain.Api.ApiExtensions.V1;
using Coxswain.Api.CustomResources;
using Coxswain.Api.Meta.V1;
using Coxswain.ApiServer.Tables;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The columns that a definition gives a custom kind: the name, then its printer columns, or else the age.</summary>
internal sealed class CustomColumns : TableColumns
{
    private static readonly CustomResourceColumnDefinition Age = new()
    {
        Name = "Age",
        Type = "date",
        JsonPath = ".metadata.creationTimestamp",
        Description = "How long ago the object was created.",
    };

    private readonly CustomObjectCodec _codec;
    private readonly (CustomResourceColumnDefinition Definition, JsonPath? Path)[] _columns;

    public CustomColumns(CustomObjectCodec codec, ApiList<CustomResourceColumnDefinition> columns)
    {
        _codec = codec;
        _columns = [.. (columns.Count > 0 ? columns : [Age]).Select(column => (column, JsonPath.TryParse(column.JsonPath)))];
        Definitions =
        [
            new() { Name = "Name", Type = "string", Format = "name", Description = "The name of the object, unique within its namespace." },
            .. _columns.Select(column => new TableColumnDefinition
            {
                Name = column.Definition.Name,
                Type = column.Definition.Type,
                Format = column.Definition.Format,
                Priority = column.Definition.Priority,
                Description = column.Definition.Description.Length > 0
                    ? column.Definition.Description
                    : $"Custom resource definition column (in JSONPath format): {column.Definition.JsonPath}",
            }),
        ];
    }

    public override ApiList<TableColumnDefinition> Definitions { get; }

    public override IEnumerable<Cell> Cells(IMetadataObject o, DateTimeOffset now)
    {
        yield return o.Metadata.Name;
        var root = ((CustomObject)o).ParseWhole(_codec);
        foreach (var (definition, path) in _columns)
        {
            JsonElement? found = path is null ? null : path.Find(root).Select(value => (JsonElement?)value).FirstOrDefault();
            yield return found is { } value ? CellOf(definition.Type, value, now) : Cell.Null;
        }
    }

    private static Cell CellOf(string type, JsonElement value, DateTimeOffset now)
    {
        switch (type)
        {
            case "integer" when value.ValueKind == JsonValueKind.Number:
                return value.TryGetInt64(out var whole) ? whole : (long)value.GetDouble();
            case "number" when value.ValueKind == JsonValueKind.Number:
                return value.GetDouble();
            case "boolean" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case "string":
                return Text(value);
            case "date" when value.ValueKind == JsonValueKind.String:
                return DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                    ? HumanDuration.Since(time, now)
                    : "<invalid>";
            default:
                return Cell.Null;
        }
    }

    private static Cell Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => "<nil>",
        _ => value.GetRawText(),
    };
}
