using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The protobuf half of a record: a switch over tags that reads, and a line per field, the last one first, that writes.</summary>
internal sealed class ProtobufEmitter
{
    private const string NotSupported = "throw new global::System.NotSupportedException();";
    private readonly StringBuilder _code;
    private readonly TypeNames _names;
    private readonly TypeFact _type;
    private readonly HashSet<string> _messages;

    private ProtobufEmitter(StringBuilder code, TypeNames names, TypeFact type, HashSet<string> messages)
    {
        _code = code;
        _names = names;
        _type = type;
        _messages = messages;
    }

    /// <param name="messages">The named lists that are messages of their own.</param>
    public static void Emit(StringBuilder code, TypeNames names, TypeFact type, HashSet<string> messages)
    {
        if (!type.HasProtobuf)
        {
            code.Append($$"""
                    static bool IModel<{{type.Name}}>.HasProtobuf => false;
                    static {{type.Name}} IModel<{{type.Name}}>.ReadProtobuf(ref ProtobufReader r) => {{NotSupported}}
                    void IModel<{{type.Name}}>.WriteProtobuf(ref ProtobufWriter w) => {{NotSupported}}

                """);
            return;
        }
        var emitter = new ProtobufEmitter(code, names, type, messages);
        emitter.EmitRead();
        code.Append($"    void IModel<{type.Name}>.WriteProtobuf(ref ProtobufWriter w)\n    {{\n");
        emitter.EmitWrite("");
        code.Append("    }\n");
    }

    private void EmitRead()
    {
        _code.Append($$"""
                static {{_type.Name}} IModel<{{_type.Name}}>.ReadProtobuf(ref ProtobufReader r)
                {
                    {{_type.Name}} o = new();

            """);
        var collections = _type.Fields.Where(f => f.HasNumber && (IsItems(f) || f.IsMap)).ToList();
        foreach (var field in collections)
            _code.Append($"        {(field.IsMap ? "EntryList" : "ItemList")}<{_names.Of(field.Item)}> l{field.Backing} = default;\n");
        EmitReadLevel("", "r");
        foreach (var field in collections)
            _code.Append($"        o.{field.Backing} = l{field.Backing}.{(field.IsMap ? "ToApiMapOrAbsent" : "ToApiListOrAbsent")}();\n");
        _code.Append("        return o;\n    }\n");
    }

    /// <summary>The fields of the type itself (no path), or of a struct embedded in it.</summary>
    private void EmitReadLevel(string path, string reader)
    {
        var level = LevelOf(path);
        var (tag, inner) = ($"t{level}", $"r{level + 1}");
        _code.Append($"        while ({reader}.Next() is var {tag} && {tag} != 0) switch ({tag})\n        {{\n");
        foreach (var field in FieldsOf(path))
        {
            var method = field.Type == "microTime" ? "ReadMicro" : IsMessage(field) ? "ReadMessage" : "Read";
            var target = IsItems(field) || field.IsMap ? "l" : "o.";
            _code.Append($"            case {Tag(field)}: {reader}.{method}(ref {target}{field.Backing}); break;\n");
        }
        foreach (var inline in InlinesOf(path))
        {
            _code.Append($"            case {Tag(inline)}:\n        {{\n        var {inner} = {reader}.Message();\n");
            EmitReadLevel(inline.Path, inner);
            _code.Append("        break;\n        }\n");
        }
        _code.Append($"            default: {reader}.Skip({tag}); break;\n        }}\n");
    }

    private void EmitWrite(string path)
    {
        var mark = $"m{LevelOf(path)}";
        var parts = FieldsOf(path).Select(f => (f.Number, Field: (FieldFact?)f, Inline: (InlineFact?)null))
            .Concat(InlinesOf(path).Select(i => (i.Number, Field: (FieldFact?)null, Inline: (InlineFact?)i)));
        foreach (var (_, field, inline) in parts.OrderByDescending(p => p.Number))
        {
            if (field is not null)
            {
                var isTime = field.Type is "time" or "microTime" && !field.Pointer;
                var method = isTime ? "WriteTime" : IsMessage(field) ? "WriteMessage" : "Write";
                _code.Append($"        w.{method}({Tag(field)}, {field.Backing});\n");
                continue;
            }
            _code.Append($"        int {mark} = w.Mark;\n");
            EmitWrite(inline!.Path);
            _code.Append($"        w.Close({Tag(inline)}, {mark});\n");
        }
    }

    private IEnumerable<FieldFact> FieldsOf(string path) => _type.Fields.Where(f => f.HasNumber && f.Via == path);

    private IEnumerable<InlineFact> InlinesOf(string path) => _type.Inlines.Where(i =>
    {
        var dot = i.Path.LastIndexOf('.');
        return (dot < 0 ? "" : i.Path.Substring(0, dot)) == path;
    });

    private static int LevelOf(string path) => path.Length == 0 ? 0 : path.Split('.').Length;

    private static uint Tag(FieldFact field) => ((uint)field.Number << 3) | field.Type switch
    {
        "bool" or "int32" or "int64" or "[]bool" or "[]int32" or "[]int64" => 0u,
        "float64" => 1u,
        _ => 2u,
    };

    private static uint Tag(InlineFact inline) => ((uint)inline.Number << 3) | 2;

    private bool IsItems(FieldFact field) => field.IsList && !IsMessage(field);

    private bool IsMessage(FieldFact field) =>
        _messages.Contains(field.IsMap && field.Named.StartsWith("map[", StringComparison.Ordinal)
            ? field.Named.Substring(field.Named.IndexOf(']') + 1)
            : field.Named);
}
