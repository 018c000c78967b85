using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>Types whose JSON form is not an object of their fields: an object or array that is one field, or a boolean.</summary>
internal static class CustomJsonEmitter
{
    private const string Token = "global::System.Text.Json.JsonTokenType.";
    private const string Writer = "global::System.Text.Json.Utf8JsonWriter";

    public static void Emit(StringBuilder code, TypeFact type)
    {
        var target = Form(type, "object") ?? throw new InvalidOperationException($"{type.Name} has no form of an object");
        var list = Form(type, "array");
        var flag = type.CustomJson.Contains("bool") ? type.Fields.Find(f => f.Type == "bool") : null;
        EmitRead(code, type, target, list, flag);
        EmitWrite(code, type, target, list, flag);
    }

    private static void EmitRead(StringBuilder code, TypeFact type, FieldFact target, FieldFact? list, FieldFact? flag)
    {
        var set = flag is null ? "" : $"o.{flag.Backing} = true; ";
        code.Append($$"""
                static {{type.Name}} IModel<{{type.Name}}>.ReadJson(ref JsonDecoder d)
                {
                    {{type.Name}} o = new();
                    d.BeginLenient();
                    switch (d.Token)
                    {
                        case {{Token}}StartObject: d.Read(ref o.{{target.Backing}}); {{set}}break;

            """);
        if (list is not null)
            code.Append($"            case {Token}StartArray: d.Read(ref o.{list.Backing}); break;\n");
        code.Append(flag is null
            ? "            default: d.Skip(); break;\n"
            : $"""
                          case {Token}True: {set}break;
                          case {Token}False: break;
                          default: throw new DecodeException("boolean or JSON schema expected");

              """);
        code.Append("        }\n        d.EndLenient();\n        return o;\n    }\n");
    }

    private static void EmitWrite(StringBuilder code, TypeFact type, FieldFact target, FieldFact? list, FieldFact? flag)
    {
        var array = list is null ? "" : $"if ({list.Backing}.Count > 0) w.WriteItems({list.Backing});\n        else ";
        code.Append($$"""
                void IModel<{{type.Name}}>.WriteMembers({{Writer}} w) => throw new global::System.NotSupportedException();
                void IModel<{{type.Name}}>.WriteJson({{Writer}} w)
                {
                    {{array}}if ({{target.Backing}} is not null) w.WriteItem({{target.Backing}});
                    else {{(flag is null ? "w.WriteNullValue()" : $"w.WriteBooleanValue({flag.Backing})")}};
                }

            """);
    }

    /// <summary>The field that holds the value of a form: <c>object:Schema</c> names it in Go.</summary>
    private static FieldFact? Form(TypeFact type, string form) => type.CustomJson
        .Where(f => f.StartsWith(form + ":", StringComparison.Ordinal))
        .Select(f => type.Fields.Find(field => field.Go == f.Substring(form.Length + 1)))
        .FirstOrDefault();
}
