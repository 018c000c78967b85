using System.Text;

namespace Coxswain.Api.Generator;

/// <summary>The records of one namespace.</summary>
/// <remarks>Fields are written out rather than left to auto-properties, so that the readers, which are members of the same
/// record, can fill a new object in place. Names of the house's own types are short: the namespace is one below theirs.</remarks>
internal static class ModelEmitter
{
    public static string Emit(Facts facts, IEnumerable<TypeFact> types)
    {
        var names = new TypeNames(facts);
        var messages = new HashSet<string>(facts.Named.Where(n => n.IsMessage).Select(n => n.Definition), StringComparer.Ordinal);
        var code = new StringBuilder();
        foreach (var type in types)
        {
            if (code.Length == 0)
                code.Append($"namespace {type.Namespace};\n");
            EmitType(code, names, type, messages);
        }
        return code.ToString();
    }

    private static void EmitType(StringBuilder code, TypeNames names, TypeFact type, HashSet<string> messages)
    {
        code.Append($$"""
            public sealed partial record {{type.Name}} : {{string.Join(", ", Interfaces(type))}}
            {
                public static {{type.Name}} Empty { get; } = new();
                static int IModel<{{type.Name}}>.SchemaIndex => {{type.Index}};

            """);
        foreach (var field in type.Fields)
        {
            var (name, backing) = (names.OfField(field), field.Backing);
            code.Append($"    {name} {backing}{names.Initializer(field)};\n")
                .Append($"    public {name} {field.Property} {{ get => {backing}; init => {backing} = value; }}\n");
        }
        JsonEmitter.Emit(code, names, type);
        ProtobufEmitter.Emit(code, names, type, messages);
        if (type.IsKind)
            EmitKind(code, type);
        EmitPrint(code, type);
        code.Append("}\n");
    }

    private static List<string> Interfaces(TypeFact type)
    {
        var result = new List<string> { $"IModel<{type.Name}>" };
        if (type.IsServed)
            result.Add($"IResource<{type.Name}>");
        else if (type.HasObjectMeta)
            result.Add("IMetadataObject");
        else if (type.HasListMeta)
            result.Add("IListObject");
        else if (type.IsKind)
            result.Add("IKubernetesObject");
        return result;
    }

    private static void EmitKind(StringBuilder code, TypeFact type)
    {
        code.Append($$"""
                public static GroupVersionKind ResourceKind { get; } = new("{{type.Group}}", "{{type.Version}}", "{{type.GoName}}");
                public static ObjectCodec<{{type.Name}}> Codec { get; } = new ModelCodec<{{type.Name}}>(ResourceKind);
                GroupVersionKind IKubernetesObject.GroupVersionKind => ResourceKind;

            """);
        if (type.HasObjectMeta)
        {
            code.Append($$"""
                    IMetadataObject IMetadataObject.WithMetadata(global::{{Names.Meta}}.ObjectMeta metadata) =>
                        this with { Metadata = metadata };

                """);
        }
        if (type.IsServed)
        {
            var member = ResourceEmitter.Member(type.Namespace, type.Name);
            code.Append($"    public static ResourceDescriptor Descriptor => ResourceTable.{member};\n");
        }
    }

    /// <summary>ToString names the object and shows no content: it ends in logs, and objects hold secrets.</summary>
    private static void EmitPrint(StringBuilder code, TypeFact type) => code.Append(type.HasObjectMeta
        ? """
              private bool PrintMembers(global::System.Text.StringBuilder builder)
              {
                  builder.Append(NamespacedName.Of(this).ToString());
                  return true;
              }

          """
        : "    private bool PrintMembers(global::System.Text.StringBuilder builder) => false;\n");
}
