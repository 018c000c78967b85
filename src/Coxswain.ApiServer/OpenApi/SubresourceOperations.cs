using Coxswain.Api;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>The operations of subresources: parts of objects that are read and written on their own, logs, and connections.</summary>
internal sealed class SubresourceOperations(OptionParameters options)
{
    /// <summary>The methods that a proxy hands on; the verbs of discovery know no names for the last two.</summary>
    private static readonly string[] ProxyMethods = ["delete", "get", "head", "options", "patch", "post", "put"];

    public IEnumerable<ApiOperation> Of(OpenApiResource resource, SubresourceDescriptor subresource, string path)
    {
        // What carries options in its query is a connection: every method does the same.
        if (subresource.Kind.Kind.EndsWith("Options", StringComparison.Ordinal))
            return Connections(resource.Descriptor, subresource, path);
        if (resource.Descriptor.Resource is { Group: "", Resource: "pods" } && subresource.Name == "log")
            return [Log(resource.Descriptor, path)];
        return subresource.Verbs.Select(verb => Part(resource, subresource, path, verb)).OfType<ApiOperation>();
    }

    private ApiOperation? Part(OpenApiResource resource, SubresourceDescriptor subresource, string path, string verb)
    {
        var descriptor = resource.Descriptor;
        var definition = subresource.Kind == descriptor.Kind ? resource.Definition : CodecTable.Find(subresource.Kind)?.Schema.Name;
        var name = Name(descriptor, subresource);
        var about = $"{subresource.Name} of the {descriptor.Kind.Kind}";
        ApiOperation? operation = verb switch
        {
            "get" => Make("get", "get", $"read{name}", "read ", []),
            "update" => Make("put", "put", $"replace{name}", "replace ", options.Update) with { Body = definition, Codes = [200, 201] },
            "patch" => Make("patch", "patch", $"patch{name}", "change parts of ", options.Patch) with
            {
                Body = ApiOperations.PatchBody,
                Codes = [200, 201],
                Consumes = resource.IsCustom ? MediaTypes.CustomPatches : MediaTypes.Patches,
            },
            "create" => Make("post", "post", $"create{name}", "create ", options.Create) with { Body = definition, Codes = [200, 201, 202] },
            _ => null,
        };
        return operation is null ? null : operation with { Kind = subresource.Kind, Answer = definition };

        ApiOperation Make(string method, string action, string id, string does, ApiParameter[] query) =>
            ApiOperations.Make(descriptor, path, method, action, id, does + about, [OptionParameters.Pretty, .. query]);
    }

    private ApiOperation Log(ResourceDescriptor descriptor, string path) =>
        ApiOperations.Make(descriptor, path, "get", "get", "readCoreV1NamespacedPodLog", "read the log of a container of the Pod",
            [OptionParameters.Pretty, .. options.Of("io.k8s.api.core.v1.PodLogOptions")]) with { Produces = MediaTypes.Log };

    private IEnumerable<ApiOperation> Connections(ResourceDescriptor descriptor, SubresourceDescriptor subresource, string path)
    {
        var query = options.Of(CodecTable.Find(subresource.Kind)!.Schema.Name);
        var version = OperationNames.GroupVersion(descriptor.Kind.GroupVersion);
        var name = Name(descriptor, subresource)[version.Length..];
        var isProxy = subresource.Name == "proxy";
        foreach (var method in isProxy ? ProxyMethods : subresource.Verbs.Select(Method))
        {
            var connect = ApiOperations.Make(descriptor, path, method, "connect", $"connect{version}{OperationNames.Capital(method)}{name}",
                $"connect {method.ToUpperInvariant()} requests to {subresource.Name} of the {descriptor.Kind.Kind}", query)
                with { Kind = subresource.Kind, Produces = MediaTypes.Any };
            yield return connect;
            if (isProxy)
            {
                yield return connect with
                {
                    Path = path + "/{path}",
                    Id = connect.Id + "WithPath",
                    Parameters = [.. connect.Parameters.Append(OptionParameters.Path(descriptor.Kind.Kind)).OrderBy(parameter => parameter.Name, StringComparer.Ordinal)],
                };
            }
        }
    }

    private static string Name(ResourceDescriptor descriptor, SubresourceDescriptor subresource) =>
        OperationNames.GroupVersion(descriptor.Kind.GroupVersion) + ApiOperations.Scoped(descriptor) + OperationNames.Capital(subresource.Name);

    private static string Method(string verb) => verb switch { "create" => "post", "update" => "put", _ => verb };
}
