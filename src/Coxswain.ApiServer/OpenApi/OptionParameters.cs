using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The query parameters of operations: the scalar fields of the options' types.</summary>
internal sealed class OptionParameters(Descriptions descriptions)
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    public static ApiParameter Pretty { get; } = Query("pretty",
        "true: the answer is laid out over many lines, for people. By default only browsers, curl and wget are given that form.");

    public ApiParameter[] List { get; } = Of(descriptions, Meta + "ListOptions");

    public ApiParameter[] Create { get; } = Of(descriptions, Meta + "CreateOptions");

    public ApiParameter[] Update { get; } = Of(descriptions, Meta + "UpdateOptions");

    public ApiParameter[] Patch { get; } = Of(descriptions, Meta + "PatchOptions");

    public ApiParameter[] Delete { get; } = Of(descriptions, Meta + "DeleteOptions");

    public ApiParameter[] DeleteCollection => [.. Delete, .. List.Where(parameter => parameter.Name is not ("watch" or "allowWatchBookmarks"))];

    public static ApiParameter Name(string what) => new("name", "path", "string", "The name of the " + what + ".");

    public static ApiParameter Namespace { get; } = new("namespace", "path", "string", "The namespace that the object is in.");

    public static ApiParameter Path(string what) => new("path", "path", "string", "What follows in the path is handed on to the " + what + " as it is.");

    /// <summary>The options of a connection, a log or a request, by the name of their definition.</summary>
    public ApiParameter[] Of(string definition) => Of(descriptions, definition);

    private static ApiParameter Query(string name, string description) => new(name, "query", "string", description);

    private static ApiParameter[] Of(Descriptions descriptions, string definition)
    {
        var type = SchemaType.Find(definition) ?? throw new InvalidOperationException($"no type {definition}");
        return
        [
            .. type.Fields.Where(field => !IsGated(field) && TypeOf(field) is not null)
                .Select(field => new ApiParameter(field.Name, "query", TypeOf(field)!, descriptions.Field(type, field) ?? "")),
        ];
    }

    /// <summary>Lists that are split among several watchers are behind a gate that is closed by default.</summary>
    private static bool IsGated(SchemaField field) => field.Name == "shardSelector";

    private static string? TypeOf(SchemaField field) => (field.Type.Kind == SchemaKind.List ? field.Type.Item!.Kind : field.Type.Kind) switch
    {
        SchemaKind.String => "string",
        SchemaKind.Boolean => "boolean",
        SchemaKind.Int32 or SchemaKind.Int64 => "integer",
        _ => null,
    };
}
