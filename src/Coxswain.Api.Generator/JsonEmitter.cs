using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The JSON half of a record: a member's place by its name, a switch that reads, a line per member that writes.</summary>
internal static class JsonEmitter
{
    public static void Emit(StringBuilder code, TypeNames names, TypeFact type)
    {
        if (type.CustomJson.Count > 0)
        {
            CustomJsonEmitter.Emit(code, type);
            return;
        }
        EmitIndex(code, type);
        EmitRead(code, type);
        code.Append($"    void IModel<{type.Name}>.WriteMembers(global::System.Text.Json.Utf8JsonWriter w)\n    {{\n");
        foreach (var field in type.Fields)
            code.Append($"        w.{Method(names, type, field)}(\"{field.Json}\"u8, {field.Backing});\n");
        code.Append("    }\n");
    }

    private static void EmitRead(StringBuilder code, TypeFact type)
    {
        var signature = $"static {type.Name} IModel<{type.Name}>.ReadJson(ref JsonDecoder d)";
        if (type.Fields.Count == 0 && !type.IsKind)
        {
            code.Append($$"""
                    {{signature}}
                    {
                        ulong seen = 0;
                        if (!d.BeginObject()) return Empty;
                        do d.Accept(-1, ref seen); while (d.NextMember());
                        return Empty;
                    }

                """);
            return;
        }
        code.Append($$"""
                {{signature}}
                {
                    if (!d.BeginObject()) return Empty;
                    {{type.Name}} o = new();
                    ulong seen = 0;
                    do
                    {
                        int i = IndexOf(d.Name);
                        if (!d.Accept(i, ref seen)) continue;
                        switch (i)
                        {

            """);
        for (var i = 0; i < type.Fields.Count; i++)
        {
            var method = type.Fields[i].Type switch { "microTime" => "ReadMicro", "rawExtension" => "ReadVerbatim", _ => "Read" };
            code.Append($"                case {i}: d.{method}(ref o.{type.Fields[i].Backing}); break;\n");
        }
        if (type.IsKind)
            code.Append("                default: d.SkipText(); break;\n");
        code.Append("            }\n        } while (d.NextMember());\n        return o;\n    }\n");
    }

    /// <summary>The lookup of a member: by length, then by comparison, which the compiler turns into a few wide compares.</summary>
    private static void EmitIndex(StringBuilder code, TypeFact type)
    {
        var members = type.Fields.Select((field, index) => (field.Json, Index: index)).ToList();
        if (type.IsKind)
        {
            members.Add(("kind", members.Count));
            members.Add(("apiVersion", members.Count));
        }
        code.Append("    static int IndexOf(global::System.ReadOnlySpan<byte> n) => n.Length switch\n    {\n");
        foreach (var length in members.GroupBy(m => m.Json.Length).OrderBy(g => g.Key))
        {
            var tests = length.Select(m => $"n.SequenceEqual(\"{m.Json}\"u8) ? {m.Index} : ");
            code.Append($"        {length.Key} => {string.Concat(tests)}-1,\n");
        }
        code.Append("        _ => -1,\n    };\n");
    }

    private static string Method(TypeNames names, TypeFact type, FieldFact field)
    {
        var micro = field.Type == "microTime" ? "Micro" : "";

        // The one place where upstream fills in kind and apiVersion of objects within an object.
        if (type.Name == "StatefulSetSpec" && field.Json == "volumeClaimTemplates")
            return "OptWithKind";

        // Only metadata.creationTimestamp: v1.36 leaves it out where it is zero, earlier releases wrote null (decision 0005).
        if (field.OmitZero)
            return "Req" + micro;
        if (!field.OmitEmpty)
            return "Req" + micro;
        if (field.Pointer)
            return field.Type == "string" ? "OptPointer" : "Opt" + micro;
        return IsNeverEmpty(names, field.Type) ? "Req" + micro : "Opt" + micro;
    }

    /// <summary>Types that are structs in Go: without a pointer they are written even when zero.</summary>
    private static bool IsNeverEmpty(TypeNames names, string type) => names.IsStruct(type)
        || type is "time" or "microTime" or "duration" or "quantity" or "intOrString" or "rawExtension" or "fieldsV1" or "json";
}
