using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The records of one namespace.</summary>
/// <remarks>Fields are written out rather than left to auto-properties, so that the readers, which are members of the same
/// record, can fill a new object in place.</remarks>
internal static class ModelEmitter
{
    public static string Emit(Facts facts, IEnumerable<TypeFact> types)
    {
        var names = new TypeNames(facts);
        var messages = new HashSet<string>(facts.Named.Where(n => n.IsMessage).Select(n => n.Definition), StringComparer.Ordinal);
        var code = new StringBuilder();
        var first = true;
        foreach (var type in types)
        {
            if (first)
                code.Append("namespace ").Append(type.Namespace).Append(";\n");
            first = false;
            EmitType(code, names, type, messages);
        }
        return code.ToString();
    }

    private static void EmitType(StringBuilder code, TypeNames names, TypeFact type, HashSet<string> messages)
    {
        code.Append("public sealed partial record ").Append(type.Name);
        var interfaces = Interfaces(type);
        code.Append(" : ").Append(string.Join(", ", interfaces));
        code.Append("\n{\n");
        code.Append("    public static ").Append(type.Name).Append(" Empty { get; } = new();\n");
        foreach (var field in type.Fields)
        {
            var name = names.OfField(field);
            code.Append("    ").Append(name).Append(' ').Append(field.Backing).Append(names.Initializer(field)).Append("; public ")
                .Append(name).Append(' ').Append(field.Property).Append(" { get => ").Append(field.Backing).Append("; init => ")
                .Append(field.Backing).Append(" = value; }\n");
        }
        code.Append("    static int global::Coxswain.Api.IModel<").Append(type.Name).Append(">.SchemaIndex => ").Append(type.Index).Append(";\n");
        JsonEmitter.Emit(code, names, type);
        ProtobufEmitter.Emit(code, names, type, messages);
        if (type.IsKind)
            EmitKind(code, type);
        EmitPrint(code, type);
        code.Append("}\n");
    }

    private static List<string> Interfaces(TypeFact type)
    {
        var result = new List<string> { "global::Coxswain.Api.IModel<" + type.Name + ">" };
        if (type.IsServed)
            result.Add("global::Coxswain.Api.IResource<" + type.Name + ">");
        else if (type.HasObjectMeta)
            result.Add("global::Coxswain.Api.IMetadataObject");
        else if (type.HasListMeta)
            result.Add("global::Coxswain.Api.IListObject");
        else if (type.IsKind)
            result.Add("global::Coxswain.Api.IKubernetesObject");
        return result;
    }

    private static void EmitKind(StringBuilder code, TypeFact type)
    {
        code.Append("    public static global::Coxswain.Api.GroupVersionKind ResourceKind { get; } = new(\"").Append(type.Group)
            .Append("\", \"").Append(type.Version).Append("\", \"").Append(type.GoName).Append("\");\n")
            .Append("    public static global::Coxswain.Api.ObjectCodec<").Append(type.Name).Append("> Codec { get; } = new global::Coxswain.Api.ModelCodec<")
            .Append(type.Name).Append(">(ResourceKind);\n")
            .Append("    global::Coxswain.Api.GroupVersionKind global::Coxswain.Api.IKubernetesObject.GroupVersionKind => ResourceKind;\n");
        if (type.HasObjectMeta)
        {
            code.Append("    global::Coxswain.Api.IMetadataObject global::Coxswain.Api.IMetadataObject.WithMetadata(global::")
                .Append(Names.Meta).Append(".ObjectMeta metadata) => this with { Metadata = metadata };\n");
        }
        if (type.IsServed)
        {
            code.Append("    public static global::Coxswain.Api.ResourceDescriptor Descriptor => ")
                .Append("global::Coxswain.Api.ResourceTable.").Append(ResourceEmitter.Member(type.Namespace, type.Name)).Append(";\n");
        }
    }

    /// <summary>ToString names the object and shows no content: it ends in logs, and objects hold secrets.</summary>
    private static void EmitPrint(StringBuilder code, TypeFact type)
    {
        code.Append("    private bool PrintMembers(global::System.Text.StringBuilder builder)");
        code.Append(type.HasObjectMeta
            ? "\n    {\n        builder.Append(global::Coxswain.Api.NamespacedName.Of(this).ToString());\n        return true;\n    }\n"
            : " => false;\n");
    }
}
