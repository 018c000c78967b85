using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The packed text that SchemaTable reads. Text costs nothing at start; object initializers would cost a class
/// constructor of ten thousand statements.</summary>
internal sealed class SchemaEmitter
{
    private readonly Facts _facts;
    private readonly Dictionary<string, NamedFact> _named;

    private SchemaEmitter(Facts facts)
    {
        _facts = facts;
        _named = facts.Named.ToDictionary(n => n.Definition, StringComparer.Ordinal);
    }

    public static string Emit(Facts facts)
    {
        var emitter = new SchemaEmitter(facts);
        var text = new StringBuilder();
        var offsets = new List<int>();
        foreach (var type in facts.Types)
        {
            offsets.Add(text.Length);  // all of it is ASCII
            emitter.EmitType(text, type);
        }
        offsets.Add(text.Length);

        var literal = text.ToString().Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\t", "\\t").Replace("\n", "\\n");
        return $$"""
            namespace Coxswain.Api;
            internal static partial class SchemaTable
            {
                private static global::System.ReadOnlySpan<int> Offsets => [{{string.Join(",", offsets)}}];
                private static global::System.ReadOnlySpan<byte> Text => "{{literal}}"u8;
            }

            """;
    }

    private void EmitType(StringBuilder text, TypeFact type)
    {
        Line(
            text,
            type.Definition,
            GoName(type.Definition),
            (type.IsKind ? "k" : "") + (type.HasProtobuf ? "p" : "") + (type.IsUnion ? "u" : "") + (type.MapType == "atomic" ? "a" : ""),
            string.Join(",", type.CustomJson),
            type.IsKind ? type.GoName : "",
            type.Group,
            type.Version);
        foreach (var field in type.Fields)
            EmitField(text, field);
    }

    private void EmitField(StringBuilder text, FieldFact field) => Line(
        text,
        field.Json,
        Expression(field.Type),
        (field.Required ? "r" : "") + (field.Pointer ? "p" : "") + (field.OmitEmpty ? "o" : ""),
        field.Named == field.Type ? "" : GoType(field.Named),
        field.IsList || field.IsMap ? GoItem(field) : "",
        field.ListType,
        string.Join(",", field.ListMapKeys),
        field.MapType,
        field.PatchStrategy,
        field.PatchMergeKey,
        field.Default,
        string.Join(",", Enum(field)));

    private static void Line(StringBuilder text, params string[] columns) => text.Append(string.Join("\t", columns)).Append('\n');

    private IEnumerable<string> Enum(FieldFact field)
    {
        var name = field.Named.StartsWith("[]", StringComparison.Ordinal) || field.Named.StartsWith("map[", StringComparison.Ordinal)
            ? field.Named.Substring(field.Named.IndexOf(']') + 1) : field.Named;
        return _named.TryGetValue(name, out var named) && named.IsClosed ? named.Values : new List<string>();
    }

    private string GoItem(FieldFact field)
    {
        if (field.Named == field.Type)
            return "";
        if (_named.ContainsKey(field.Named))
            return "";
        return GoType(field.Named.Substring(field.IsList ? 2 : field.Named.IndexOf(']') + 1));
    }

    private string Expression(string type)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
            return "L" + Expression(type.Substring(2));
        if (type.StartsWith("map[string]", StringComparison.Ordinal))
            return "M" + Expression(type.Substring(11));
        return _facts.ByDefinition.TryGetValue(type, out var found) ? "#" + found.Index : type;
    }

    /// <summary>A type with Go's names: the last two parts of a definition's.</summary>
    private static string GoType(string type)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
            return "[]" + GoType(type.Substring(2));
        if (type.StartsWith("map[", StringComparison.Ordinal))
        {
            var end = type.IndexOf(']');
            return "map[" + GoType(type.Substring(4, end - 4)) + "]" + GoType(type.Substring(end + 1));
        }
        return type switch
        {
            "bytes" => "[]uint8",
            "any" => "interface {}",
            "time" => "v1.Time",
            "microTime" => "v1.MicroTime",
            "duration" => "v1.Duration",
            "quantity" => "resource.Quantity",
            "intOrString" => "intstr.IntOrString",
            "rawExtension" => "runtime.RawExtension",
            "fieldsV1" => "v1.FieldsV1",
            "json" => "v1.JSON",
            _ => GoName(type),
        };
    }

    private static string GoName(string definition)
    {
        var last = definition.LastIndexOf('.');
        var before = last <= 0 ? -1 : definition.LastIndexOf('.', last - 1);
        return definition.Substring(before + 1);
    }
}
