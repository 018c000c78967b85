using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The operations of resources and their subresources, named as upstream names them.</summary>
internal sealed class ApiOperations(Descriptions descriptions)
{
    public const string Status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
    public const string PatchBody = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
    public const string DeleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
    public const string WatchEvent = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

    private readonly OptionParameters _options = new(descriptions);
    private readonly SubresourceOperations _subresources = new(new(descriptions));

    public static string Root(GroupVersion version) => version.Group.Length == 0 ? $"/api/{version.Version}" : $"/apis/{version.ApiVersion}";

    public IEnumerable<ApiOperation> Of(OpenApiResource resource)
    {
        var descriptor = resource.Descriptor;
        var collection = Collection(descriptor);
        return Collections(resource, collection)
            .Concat(Items(resource, collection + "/{name}"))
            .Concat(resource.IsCustom ? [] : Watches(descriptor))
            .Concat(descriptor.Subresources.SelectMany(subresource => _subresources.Of(resource, subresource, $"{collection}/{{name}}/{subresource.Name}")));
    }

    /// <summary>The path of a resource's objects in one namespace, or of all that have no namespace.</summary>
    public static string Collection(ResourceDescriptor descriptor) =>
        Root(descriptor.Kind.GroupVersion) + (descriptor.Namespaced ? "/namespaces/{namespace}/" : "/") + descriptor.Plural;

    /// <summary>An operation on the resource's kind; what stands in the path is among the parameters.</summary>
    public static ApiOperation Make(ResourceDescriptor descriptor, string path, string method, string action, string id, string description,
        params IEnumerable<ApiParameter> query) => new()
        {
            Path = path,
            Method = method,
            Action = action,
            Id = id,
            Tag = OperationNames.Tag(descriptor.Kind.GroupVersion),
            Kind = descriptor.Kind,
            Description = description,
            Parameters = [.. InPath(descriptor, path).Concat(query).OrderBy(parameter => parameter.Name, StringComparer.Ordinal)],
        };

    /// <summary>The part of an identifier that names the resource: <c>NamespacedPod</c>, <c>Node</c>.</summary>
    public static string Scoped(ResourceDescriptor descriptor) => (descriptor.Namespaced ? "Namespaced" : "") + descriptor.Kind.Kind;

    private static IEnumerable<ApiParameter> InPath(ResourceDescriptor descriptor, string path)
    {
        if (path.Contains("{name}", StringComparison.Ordinal))
            yield return OptionParameters.Name(descriptor.Kind.Kind);
        if (path.Contains("{namespace}", StringComparison.Ordinal))
            yield return OptionParameters.Namespace;
    }

    private IEnumerable<ApiOperation> Collections(OpenApiResource resource, string collection)
    {
        var descriptor = resource.Descriptor;
        var kind = descriptor.Kind.Kind;
        var version = OperationNames.GroupVersion(descriptor.Kind.GroupVersion);
        if (descriptor.HasVerb("list"))
        {
            yield return List(resource, collection, $"list{version}{Scoped(descriptor)}");
            if (descriptor.Namespaced)
                yield return List(resource, $"{Root(descriptor.Kind.GroupVersion)}/{descriptor.Plural}", $"list{version}{kind}ForAllNamespaces");
        }

        if (descriptor.HasVerb("create"))
        {
            yield return Make(descriptor, collection, "post", "post", $"create{version}{Scoped(descriptor)}", $"create {Article(kind)}",
                [OptionParameters.Pretty, .. _options.Create]) with { Body = resource.Definition, Answer = resource.Definition, Codes = [200, 201, 202] };
        }

        if (descriptor.HasVerb("deletecollection"))
        {
            yield return Make(descriptor, collection, "delete", "deletecollection", $"delete{version}Collection{Scoped(descriptor)}",
                $"delete every {kind} that the selectors choose", [OptionParameters.Pretty, .. _options.DeleteCollection])
                with { Body = DeleteOptions, Answer = Status };
        }
    }

    private ApiOperation List(OpenApiResource resource, string path, string id) =>
        Make(resource.Descriptor, path, "get", "list", id, $"list or watch objects of kind {resource.Descriptor.Kind.Kind}", [OptionParameters.Pretty, .. _options.List])
            with { Answer = resource.ListDefinition, Produces = MediaTypes.Streams };

    private IEnumerable<ApiOperation> Items(OpenApiResource resource, string item)
    {
        var descriptor = resource.Descriptor;
        var definition = resource.Definition;
        var name = OperationNames.GroupVersion(descriptor.Kind.GroupVersion) + Scoped(descriptor);
        var what = Article(descriptor.Kind.Kind);
        if (descriptor.HasVerb("get"))
            yield return Make(descriptor, item, "get", "get", $"read{name}", $"read {what}", OptionParameters.Pretty) with { Answer = definition };
        if (descriptor.HasVerb("update"))
        {
            yield return Make(descriptor, item, "put", "put", $"replace{name}", $"replace {what}", [OptionParameters.Pretty, .. _options.Update])
                with { Body = definition, Answer = definition, Codes = [200, 201] };
        }

        if (descriptor.HasVerb("patch"))
        {
            yield return Make(descriptor, item, "patch", "patch", $"patch{name}", $"change parts of {what}", [OptionParameters.Pretty, .. _options.Patch])
                with { Body = PatchBody, Answer = definition, Codes = [200, 201], Consumes = resource.IsCustom ? MediaTypes.CustomPatches : MediaTypes.Patches };
        }

        if (descriptor.HasVerb("delete"))
        {
            yield return Make(descriptor, item, "delete", "delete", $"delete{name}", $"delete {what}", [OptionParameters.Pretty, .. _options.Delete])
                with { Body = DeleteOptions, Answer = AnswersDeletionWithObject(descriptor) ? definition : Status, Codes = [200, 202] };
        }
    }

    /// <summary>The paths of watches before they were a parameter of lists; still served, and of custom resources never documented.</summary>
    private IEnumerable<ApiOperation> Watches(ResourceDescriptor descriptor)
    {
        if (!descriptor.HasVerb("watch"))
            yield break;
        var root = Root(descriptor.Kind.GroupVersion);
        var collection = Collection(descriptor)[root.Length..];
        var version = OperationNames.GroupVersion(descriptor.Kind.GroupVersion);
        var kind = descriptor.Kind.Kind;
        yield return Watch("watchlist", collection, $"watch{version}{Scoped(descriptor)}List", $"watch changes of {kind} objects. Deprecated: list them with the 'watch' parameter.");
        yield return Watch("watch", collection + "/{name}", $"watch{version}{Scoped(descriptor)}",
            $"watch changes of one {kind}. Deprecated: list with the 'watch' parameter and select the name with 'fieldSelector'.");
        if (descriptor.Namespaced)
        {
            yield return Watch("watchlist", "/" + descriptor.Plural, $"watch{version}{kind}ListForAllNamespaces",
                $"watch changes of {kind} objects in all namespaces. Deprecated: list them with the 'watch' parameter.");
        }

        ApiOperation Watch(string action, string path, string id, string description) =>
            Make(descriptor, $"{root}/watch{path}", "get", action, id, description, [OptionParameters.Pretty, .. _options.List])
                with { Answer = WatchEvent, Produces = MediaTypes.Streams };
    }

    /// <summary>Where upstream answers a deletion with the object as it was instead of a Status.</summary>
    private static bool AnswersDeletionWithObject(ResourceDescriptor descriptor) => (descriptor.Kind.Group, descriptor.Plural) is
        ("", "persistentvolumes" or "persistentvolumeclaims" or "pods" or "podtemplates" or "resourcequotas" or "services" or "serviceaccounts")
        or ("storage.k8s.io", "csidrivers" or "csinodes" or "storageclasses" or "volumeattachments" or "volumeattributesclasses")
        or ("resource.k8s.io", _);

    private static string Article(string kind) => $"{("AEIOU".Contains(kind[0], StringComparison.Ordinal) ? "an" : "a")} {kind}";
}
