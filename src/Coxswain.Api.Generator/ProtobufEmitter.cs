using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The protobuf half of a record: a switch over tags that reads, and a line per field, the last one first, that writes.</summary>
internal sealed class ProtobufEmitter
{
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
        var model = "global::Coxswain.Api.IModel<" + type.Name + ">.";
        if (!type.HasProtobuf)
        {
            code.Append("    static bool ").Append(model).Append("HasProtobuf => false;\n    static ").Append(type.Name).Append(' ').Append(model)
                .Append("ReadProtobuf(ref global::Coxswain.Api.ProtobufReader r) => throw new global::System.NotSupportedException();\n    void ")
                .Append(model).Append("WriteProtobuf(ref global::Coxswain.Api.ProtobufWriter w) => throw new global::System.NotSupportedException();\n");
            return;
        }
        var emitter = new ProtobufEmitter(code, names, type, messages);
        emitter.EmitRead(model);
        code.Append("    void ").Append(model).Append("WriteProtobuf(ref global::Coxswain.Api.ProtobufWriter w)\n    {\n");
        emitter.EmitWrite("");
        code.Append("    }\n");
    }

    private void EmitRead(string model)
    {
        _code.Append("    static ").Append(_type.Name).Append(' ').Append(model).Append("ReadProtobuf(ref global::Coxswain.Api.ProtobufReader r)\n    {\n")
            .Append("        ").Append(_type.Name).Append(" o = new();\n");
        var collections = _type.Fields.Where(f => f.HasNumber && (IsItems(f) || f.IsMap)).ToList();
        foreach (var field in collections)
        {
            _code.Append("        global::Coxswain.Api.").Append(field.IsMap ? "EntryList<" : "ItemList<").Append(_names.Of(field.Item)).Append("> l")
                .Append(field.Backing).Append(" = default;\n");
        }
        EmitReadLevel("", "r");
        foreach (var field in collections)
        {
            _code.Append("        o.").Append(field.Backing).Append(" = l").Append(field.Backing)
                .Append(field.IsMap ? ".ToApiMapOrAbsent();\n" : ".ToApiListOrAbsent();\n");
        }
        _code.Append("        return o;\n    }\n");
    }

    /// <summary>The fields of the type itself (no path), or of a struct embedded in it.</summary>
    private void EmitReadLevel(string path, string reader)
    {
        var level = path.Length == 0 ? 0 : path.Split('.').Length;
        var tag = "t" + level;
        _code.Append("        while (").Append(reader).Append(".Next() is var ").Append(tag).Append(" && ").Append(tag).Append(" != 0) switch (").Append(tag)
            .Append(")\n        {\n");
        foreach (var field in FieldsOf(path))
        {
            _code.Append("            case ").Append(Tag(field)).Append(": ").Append(reader).Append(".Read").Append(Suffix(field)).Append("(ref ")
                .Append(IsItems(field) || field.IsMap ? "l" : "o.").Append(field.Backing).Append("); break;\n");
        }
        foreach (var inline in InlinesOf(path))
        {
            var inner = "r" + (level + 1);
            _code.Append("            case ").Append((inline.Number << 3) | 2).Append(":\n        {\n        var ").Append(inner).Append(" = ").Append(reader)
                .Append(".Message();\n");
            EmitReadLevel(inline.Path, inner);
            _code.Append("        break;\n        }\n");
        }
        _code.Append("            default: ").Append(reader).Append(".Skip(").Append(tag).Append("); break;\n        }\n");
    }

    private void EmitWrite(string path)
    {
        var level = path.Length == 0 ? 0 : path.Split('.').Length;
        var parts = FieldsOf(path).Select(f => (f.Number, Field: (FieldFact?)f, Inline: (InlineFact?)null))
            .Concat(InlinesOf(path).Select(i => (i.Number, Field: (FieldFact?)null, Inline: (InlineFact?)i)));
        foreach (var (number, field, inline) in parts.OrderByDescending(p => p.Number))
        {
            if (field is not null)
            {
                var time = field.Type is "time" or "microTime" && !field.Pointer ? "Time" : IsMessage(field) ? "Message" : "";
                _code.Append("        w.Write").Append(time).Append('(').Append(Tag(field)).Append(", ").Append(field.Backing).Append(");\n");
                continue;
            }
            _code.Append("        int m").Append(level).Append(" = w.Mark;\n");
            EmitWrite(inline!.Path);
            _code.Append("        w.Close(").Append((number << 3) | 2).Append(", m").Append(level).Append(");\n");
        }
    }

    private IEnumerable<FieldFact> FieldsOf(string path) => _type.Fields.Where(f => f.HasNumber && f.Via == path);

    private IEnumerable<InlineFact> InlinesOf(string path) => _type.Inlines.Where(i =>
    {
        var dot = i.Path.LastIndexOf('.');
        return (dot < 0 ? "" : i.Path.Substring(0, dot)) == path;
    });

    private static uint Tag(FieldFact field) => ((uint)field.Number << 3) | field.Type switch
    {
        "bool" or "int32" or "int64" or "[]bool" or "[]int32" or "[]int64" => 0u,
        "float64" => 1u,
        _ => 2u,
    };

    private string Suffix(FieldFact field) => field.Type == "microTime" ? "Micro" : IsMessage(field) ? "Message" : "";

    private bool IsItems(FieldFact field) => field.IsList && !IsMessage(field);

    private bool IsMessage(FieldFact field) =>
        _messages.Contains(field.IsMap && field.Named.StartsWith("map[", StringComparison.Ordinal)
            ? field.Named.Substring(field.Named.IndexOf(']') + 1)
            : field.Named);
}
