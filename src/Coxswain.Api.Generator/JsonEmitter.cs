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
        EmitRead(code, type);
        code.Append("    void global::Coxswain.Api.IModel<").Append(type.Name).Append(">.WriteMembers(global::System.Text.Json.Utf8JsonWriter w)\n    {\n");
        foreach (var field in type.Fields)
        {
            code.Append("        w.").Append(Method(names, type, field)).Append("(\"").Append(field.Json).Append("\"u8, ")
                .Append(field.Backing).Append(");\n");
        }
        code.Append("    }\n");
    }

    private static void EmitRead(StringBuilder code, TypeFact type)
    {
        EmitIndex(code, type);
        code.Append("    static ").Append(type.Name).Append(" global::Coxswain.Api.IModel<").Append(type.Name)
            .Append(">.ReadJson(ref global::Coxswain.Api.JsonDecoder d)\n    {\n        if (!d.BeginObject()) return Empty;\n        ");
        if (type.Fields.Count == 0 && !type.IsKind)
        {
            code.Append("ulong seen = 0;\n        do d.Accept(-1, ref seen); while (d.NextMember());\n        return Empty;\n    }\n");
            return;
        }
        code
            .Append(type.Name).Append(" o = new();\n        ulong seen = 0;\n        do\n        {\n            int i = IndexOf(d.Name);\n")
            .Append("            if (!d.Accept(i, ref seen)) continue;\n            switch (i)\n            {\n");
        for (var i = 0; i < type.Fields.Count; i++)
        {
            code.Append("                case ").Append(i).Append(": d.Read").Append(type.Fields[i].Type == "microTime" ? "Micro" : "")
                .Append("(ref o.").Append(type.Fields[i].Backing).Append("); break;\n");
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
            code.Append("        ").Append(length.Key).Append(" => ");
            foreach (var (name, index) in length)
                code.Append("n.SequenceEqual(\"").Append(name).Append("\"u8) ? ").Append(index).Append(" : ");
            code.Append("-1,\n");
        }
        code.Append("        _ => -1,\n    };\n");
    }

    private static string Method(TypeNames names, TypeFact type, FieldFact field)
    {
        var micro = field.Type == "microTime" ? "Micro" : "";

        // The one place where upstream fills in kind and apiVersion of objects within an object.
        if (type.Name == "StatefulSetSpec" && field.Json == "volumeClaimTemplates")
            return "OptWithKind";
        if (field.OmitZero)
            return "Opt" + micro;
        if (!field.OmitEmpty)
            return "Req" + micro;
        if (field.Pointer)
            return field.Type == "string" ? "OptPointer" : "Opt" + micro;
        return NeverEmpty(names, field.Type) ? "Req" + micro : "Opt" + micro;
    }

    /// <summary>Types that are structs in Go: without a pointer they are written even when zero.</summary>
    private static bool NeverEmpty(TypeNames names, string type) =>
        names.IsStruct(type) || type is "time" or "microTime" or "duration" or "quantity" or "intOrString" or "rawExtension" or "fieldsV1" or "json";
}
