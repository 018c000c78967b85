using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>Types whose JSON form is not an object of their fields: an object or array that is one field, or a boolean.</summary>
internal static class CustomJsonEmitter
{
    public static void Emit(StringBuilder code, TypeFact type)
    {
        var model = "global::Coxswain.Api.IModel<" + type.Name + ">";
        var forms = type.CustomJson.ToDictionary(f => f.Split(':')[0], f => type.Fields.Find(x => f.EndsWith(":" + x.Go, StringComparison.Ordinal)));
        var flag = forms.ContainsKey("bool") ? type.Fields.Find(f => f.Type == "bool") : null;
        var found = forms["object"]!;
        forms.TryGetValue("array", out var list);

        code.Append("    static ").Append(type.Name).Append(' ').Append(model).Append(".ReadJson(ref global::Coxswain.Api.JsonDecoder d)\n    {\n")
            .Append("        ").Append(type.Name).Append(" o = new();\n        d.BeginLenient();\n        switch (d.Token)\n        {\n")
            .Append("            case global::System.Text.Json.JsonTokenType.StartObject: d.Read(ref o.").Append(found.Backing).Append("); ")
            .Append(flag is null ? "" : "o." + flag.Backing + " = true; ").Append("break;\n");
        if (list is not null)
            code.Append("            case global::System.Text.Json.JsonTokenType.StartArray: d.Read(ref o.").Append(list.Backing).Append("); break;\n");
        if (flag is not null)
        {
            code.Append("            case global::System.Text.Json.JsonTokenType.True: o.").Append(flag.Backing).Append(" = true; break;\n")
                .Append("            case global::System.Text.Json.JsonTokenType.False: break;\n")
                .Append("            default: throw new global::Coxswain.Api.DecodeException(\"boolean or JSON schema expected\");\n");
        }
        else
        {
            code.Append("            default: d.Skip(); break;\n");
        }
        code.Append("        }\n        d.EndLenient();\n        return o;\n    }\n");

        code.Append("    void ").Append(model).Append(".WriteMembers(global::System.Text.Json.Utf8JsonWriter w) => throw new global::System.NotSupportedException();\n")
            .Append("    void ").Append(model).Append(".WriteJson(global::System.Text.Json.Utf8JsonWriter w)\n    {\n        ");
        if (list is not null)
            code.Append("if (").Append(list.Backing).Append(".Count > 0) w.WriteItems(").Append(list.Backing).Append(");\n        else ");
        code.Append("if (").Append(found.Backing).Append(" is not null) ((global::Coxswain.Api.IModel<").Append("global::Coxswain.Api.ApiExtensions.V1.JSONSchemaProps")
            .Append(">)").Append(found.Backing).Append(").WriteJson(w);\n        else ")
            .Append(flag is null ? "w.WriteNullValue();" : "w.WriteBooleanValue(" + flag.Backing + ");").Append("\n    }\n");
    }
}
