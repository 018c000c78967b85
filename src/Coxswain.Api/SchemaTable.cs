using System.Text;

namespace Coxswain.Api;

/// <summary>The built-in structs, kept packed in the program's image until somebody asks. The packed text is generated: a line
/// for the type, then a line per field, columns divided by tabs.</summary>
internal static partial class SchemaTable
{
    private static readonly SchemaType?[] Types = new SchemaType?[Offsets.Length - 1];

    private static readonly Lazy<Dictionary<string, int>> ByName =
        new(() => Enumerable.Range(0, Types.Length).ToDictionary(i => Get(i).Name, StringComparer.Ordinal));

    public static SchemaType Get(int index) => Types[index] ?? Add(index);

    public static SchemaType? Find(string definition) => ByName.Value.TryGetValue(definition, out var index) ? Get(index) : null;

    public static IEnumerable<SchemaType> All() => Enumerable.Range(0, Types.Length).Select(Get);

    public static SchemaField[] ReadFields(int index)
    {
        var lines = Source(index).Split('\n');
        var fields = new SchemaField[lines.Length - 2];
        for (var i = 0; i < fields.Length; i++)
            fields[i] = ReadField(lines[i + 1].Split('\t'));
        return fields;
    }

    // Two threads may both make the type; only one instance is ever seen.
    private static SchemaType Add(int index)
    {
        var text = Source(index);
        var columns = text[..text.IndexOf('\n', StringComparison.Ordinal)].Split('\t');
        var type = new SchemaType(index, columns[0], columns[1])
        {
            IsKind = columns[2].Contains('k', StringComparison.Ordinal),
            HasProtobuf = columns[2].Contains('p', StringComparison.Ordinal),
            IsUnion = columns[2].Contains('u', StringComparison.Ordinal),
            IsAtomic = columns[2].Contains('a', StringComparison.Ordinal),
            JsonForms = List(columns[3]),
            GroupVersionKind = columns[4].Length == 0 ? default : new(columns[5], columns[6], columns[4]),
        };
        return Interlocked.CompareExchange(ref Types[index], type, null) ?? type;
    }

    private static string Source(int index) => Encoding.UTF8.GetString(Text[Offsets[index]..Offsets[index + 1]]);

    private static SchemaField ReadField(string[] columns)
    {
        var type = ReadType(columns[1]);
        var goType = columns[3].Length > 0 ? columns[3] : type.GoName;
        return new()
        {
            Name = columns[0],
            Type = type,
            GoType = goType,
            GoItemType = columns[4].Length > 0 ? columns[4] : type.Item?.GoName ?? "",
            IsRequired = columns[2].Contains('r', StringComparison.Ordinal),
            IsNullable = columns[2].Contains('p', StringComparison.Ordinal),
            OmitsEmpty = columns[2].Contains('o', StringComparison.Ordinal),
            ListType = columns[5],
            ListMapKeys = List(columns[6]),
            MapType = columns[7],
            PatchStrategy = columns[8],
            PatchMergeKey = columns[9],
            Default = columns[10].Length == 0 ? default : RawJson.FromText(columns[10]),
            Enum = List(columns[11]),
        };
    }

    /// <summary>L and M before the item's type; # and a number for a struct; else a scalar's token.</summary>
    private static SchemaType ReadType(string text) => text[0] switch
    {
        'L' => SchemaType.ListOf(ReadType(text[1..])),
        'M' => SchemaType.MapOf(ReadType(text[1..])),
        '#' => Get(int.Parse(text[1..])),
        _ => SchemaType.Scalar(text switch
        {
            "string" => SchemaKind.String,
            "bool" => SchemaKind.Boolean,
            "int32" => SchemaKind.Int32,
            "int64" => SchemaKind.Int64,
            "float64" => SchemaKind.Double,
            "bytes" => SchemaKind.Bytes,
            "time" => SchemaKind.Time,
            "microTime" => SchemaKind.MicroTime,
            "duration" => SchemaKind.Duration,
            "quantity" => SchemaKind.Quantity,
            "intOrString" => SchemaKind.IntOrString,
            "rawExtension" => SchemaKind.RawExtension,
            "fieldsV1" => SchemaKind.FieldsV1,
            _ => SchemaKind.Json,
        }),
    };

    private static ApiList<string> List(string text) => text.Length == 0 ? default : [.. text.Split(',')];
}
