using System.Globalization;
using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The operations of resources and their subresources, as clients may look them up.</summary>
internal static class ApiOperations
{
    public const string StatusDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
    public const string PatchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
    public const string DeleteOptionsDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

    private static readonly ApiParameter DryRun = new("dryRun", "string", "All: the request is processed, but nothing is kept.");
    private static readonly ApiParameter FieldManager = new("fieldManager", "string", "The name under which changed fields are accounted for.");
    private static readonly ApiParameter FieldValidation = new("fieldValidation", "string", "What becomes of unknown and duplicate fields: Ignore, Warn or Strict.");
    private static readonly ApiParameter Force = new("force", "boolean", "Apply takes over fields that others own.");
    private static readonly ApiParameter[] Write = [DryRun, FieldManager, FieldValidation];
    private static readonly ApiParameter[] Patch = [DryRun, FieldManager, FieldValidation, Force];

    private static readonly ApiParameter[] Delete =
    [
        DryRun,
        new("gracePeriodSeconds", "integer", "How long the object may take to end; 0: at once."),
        new("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean", "Deletes an object that can no longer be read."),
        new("orphanDependents", "boolean", "Former form of propagationPolicy."),
        new("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
    ];

    private static readonly ApiParameter[] List =
    [
        new("allowWatchBookmarks", "boolean", "A watch also tells how far it has come."),
        new("continue", "string", "Where the last page ended."),
        new("fieldSelector", "string", "Which objects, by their fields."),
        new("labelSelector", "string", "Which objects, by their labels."),
        new("limit", "integer", "How many objects a page has at most."),
        new("resourceVersion", "string", "The version to read at or to watch from."),
        new("resourceVersionMatch", "string", "Whether exactly that version, or any newer one too."),
        new("sendInitialEvents", "boolean", "A watch begins with the objects that exist."),
        new("timeoutSeconds", "integer", "How long the request may take."),
        new("watch", "boolean", "Stays and sends every change."),
    ];

    public static IEnumerable<ApiOperation> Of(ResourceDescriptor descriptor)
    {
        var root = descriptor.Kind.Group.Length == 0 ? $"/api/{descriptor.Kind.Version}" : $"/apis/{descriptor.Kind.Group}/{descriptor.Kind.Version}";
        var collection = descriptor.Namespaced ? $"{root}/namespaces/{{namespace}}/{descriptor.Plural}" : $"{root}/{descriptor.Plural}";
        return Objects(descriptor, root, collection)
            .Concat(descriptor.Subresources.SelectMany(subresource => Subresources(descriptor, subresource, $"{collection}/{{name}}/{subresource.Name}")));
    }

    /// <summary>The group and version in identifiers: <c>CoreV1</c>, <c>RbacAuthorizationV1</c>.</summary>
    public static string IdPart(GroupVersion version) => Pascal(version.Group) + Capital(version.Version);

    /// <summary>The group and version in tags: <c>core_v1</c>, <c>rbacAuthorization_v1</c>.</summary>
    public static string Tag(GroupVersion version)
    {
        var group = Pascal(version.Group);
        return char.ToLowerInvariant(group[0]) + group[1..] + "_" + version.Version;
    }

    private static IEnumerable<ApiOperation> Objects(ResourceDescriptor descriptor, string root, string collection)
    {
        var kind = descriptor.Kind.Kind;
        var scoped = (descriptor.Namespaced ? "Namespaced" : "") + kind;
        var version = IdPart(descriptor.Kind.GroupVersion);
        var definition = descriptor.Schema.Name;
        var item = collection + "/{name}";
        if (descriptor.HasVerb("list"))
        {
            var list = descriptor.ListCodec?.Schema.Name ?? definition;
            yield return Make(descriptor, collection, "get", "list", $"list{version}{scoped}", $"lists or watches objects of kind {kind}") with { Query = List, Answer = list };
            if (descriptor.Namespaced)
            {
                yield return Make(descriptor, $"{root}/{descriptor.Plural}", "get", "list", $"list{version}{kind}ForAllNamespaces", $"lists or watches objects of kind {kind}")
                    with { Query = List, Answer = list };
            }
        }

        if (descriptor.HasVerb("create"))
        {
            yield return Make(descriptor, collection, "post", "post", $"create{version}{scoped}", Article("creates", kind))
                with { Query = Write, Body = definition, Answer = definition, Codes = [200, 201, 202] };
        }

        if (descriptor.HasVerb("deletecollection"))
        {
            yield return Make(descriptor, collection, "delete", "deletecollection", $"delete{version}Collection{scoped}", $"deletes a collection of {kind}")
                with { Query = [.. Delete, .. List.Where(parameter => parameter.Name is not ("watch" or "allowWatchBookmarks"))], Body = DeleteOptionsDefinition, Answer = StatusDefinition };
        }

        if (descriptor.HasVerb("get"))
            yield return Make(descriptor, item, "get", "get", $"read{version}{scoped}", Article("reads", kind)) with { Answer = definition };
        if (descriptor.HasVerb("update"))
        {
            yield return Make(descriptor, item, "put", "put", $"replace{version}{scoped}", Article("replaces", kind))
                with { Query = Write, Body = definition, Answer = definition, Codes = [200, 201] };
        }

        if (descriptor.HasVerb("patch"))
        {
            yield return Make(descriptor, item, "patch", "patch", $"patch{version}{scoped}", Article("changes", kind))
                with { Query = Patch, Body = PatchDefinition, Answer = definition, Codes = [200, 201] };
        }

        if (descriptor.HasVerb("delete"))
        {
            yield return Make(descriptor, item, "delete", "delete", $"delete{version}{scoped}", Article("deletes", kind))
                with { Query = Delete, Body = DeleteOptionsDefinition, Answer = StatusDefinition, Codes = [200, 202] };
        }
    }

    private static IEnumerable<ApiOperation> Subresources(ResourceDescriptor descriptor, SubresourceDescriptor subresource, string path)
    {
        var schema = CodecTable.Find(subresource.Kind)?.Schema;
        var id = IdPart(descriptor.Kind.GroupVersion);
        var name = (descriptor.Namespaced ? "Namespaced" : "") + descriptor.Kind.Kind + Capital(subresource.Name);
        var about = $"{subresource.Name} of {descriptor.Kind.Kind}";

        // What carries options in its query is a connection: every method does the same.
        if (subresource.Kind.Kind.EndsWith("Options", StringComparison.Ordinal))
        {
            var query = schema is null ? [] : schema.Fields.Where(field => TypeOf(field) is not null)
                .Select(field => new ApiParameter(field.Name, TypeOf(field)!, "An option of the connection.")).ToList();
            foreach (var method in subresource.Verbs.Select(Method))
            {
                yield return Make(descriptor, path, method, "connect", $"connect{id}{Capital(method)}{name}", "connects to " + about)
                    with { Kind = subresource.Kind, Query = query };
            }

            yield break;
        }

        var definition = schema?.Name;
        foreach (var verb in subresource.Verbs)
        {
            var operation = verb switch
            {
                "get" => Make(descriptor, path, "get", "get", $"read{id}{name}", "reads " + about) with { Answer = definition },
                "update" => Make(descriptor, path, "put", "put", $"replace{id}{name}", "replaces " + about)
                    with { Query = Write, Body = definition, Answer = definition, Codes = [200, 201] },
                "patch" => Make(descriptor, path, "patch", "patch", $"patch{id}{name}", "changes " + about)
                    with { Query = Patch, Body = PatchDefinition, Answer = definition, Codes = [200, 201] },
                "create" => Make(descriptor, path, "post", "post", $"create{id}{name}", "creates " + about)
                    with { Query = Write, Body = definition, Answer = definition, Codes = [200, 201, 202] },
                _ => null,
            };
            if (operation is not null)
                yield return operation with { Kind = subresource.Kind };
        }
    }

    private static ApiOperation Make(ResourceDescriptor descriptor, string path, string method, string action, string id, string description) => new()
    {
        Path = path,
        Method = method,
        Action = action,
        Id = id,
        Tag = Tag(descriptor.Kind.GroupVersion),
        Kind = descriptor.Kind,
        Description = description,
    };

    private static string Method(string verb) => verb switch { "create" => "post", "update" => "put", _ => verb };

    private static string? TypeOf(SchemaField field) => (field.Type.Kind == SchemaKind.List ? field.Type.Item!.Kind : field.Type.Kind) switch
    {
        SchemaKind.String => "string",
        SchemaKind.Boolean => "boolean",
        SchemaKind.Int32 or SchemaKind.Int64 => "integer",
        _ => null,
    };

    private static string Article(string verb, string kind) => $"{verb} {("AEIOU".Contains(kind[0], StringComparison.Ordinal) ? "an" : "a")} {kind}";

    private static string Pascal(string group) => group.Length == 0 ? "Core"
        : string.Concat(group.Replace(".k8s.io", "", StringComparison.Ordinal).Split('.', '-').Select(Capital));

    private static string Capital(string text) => text.Length == 0 ? "" : char.ToUpper(text[0], CultureInfo.InvariantCulture) + text[1..];
}
