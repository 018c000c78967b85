using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>Paths and operations against resources.json: all of them, and no others.</summary>
public sealed class PathsTests
{
    private static readonly string[] ItemActions = ["get", "update", "patch", "delete"];

    // What each operation must be, out of the facts alone: path, method, action, kind.
    private static IEnumerable<(string Path, string Method, string Action, string Kind)> Expected()
    {
        foreach (var (group, version, resource) in Facts.Served)
        {
            var root = group.Length == 0 ? $"/api/{version}" : $"/apis/{group}/{version}";
            var plural = Facts.Text(resource, "plural");
            var isNamespaced = Facts.Is(resource, "namespaced");
            var scope = isNamespaced ? "/namespaces/{namespace}" : "";
            var kind = $"{group}/{version}/{Facts.Text(resource, "kind")}";
            var verbs = Facts.Verbs(resource);
            foreach (var verb in verbs)
            {
                foreach (var (path, method, action) in Of(verb, $"{scope}/{plural}", isNamespaced ? $"/{plural}" : null))
                    yield return (root + path, method, action, kind);
            }

            foreach (var subresource in resource.TryGetProperty("subresources", out var all) ? all.EnumerateArray().ToArray() : [])
            {
                var name = Facts.Text(subresource, "name");
                var path = $"{root}{scope}/{plural}/{{name}}/{name}";
                var its = $"{(subresource.TryGetProperty("group", out _) ? Facts.Text(subresource, "group") : group)}/" +
                    $"{(subresource.TryGetProperty("version", out _) ? Facts.Text(subresource, "version") : version)}/{Facts.Text(subresource, "kind")}";
                var isConnection = Facts.Text(subresource, "kind").EndsWith("Options", StringComparison.Ordinal);
                var methods = Facts.Verbs(subresource).Select(Method).ToList();
                if (name == "proxy")
                    methods.AddRange(["head", "options"]);
                foreach (var method in methods)
                {
                    yield return (path, method, isConnection ? "connect" : method, its);
                    if (name == "proxy")
                        yield return (path + "/{path}", method, "connect", its);
                }
            }
        }
    }

    private static IEnumerable<(string Path, string Method, string Action)> Of(string verb, string collection, string? everywhere) => verb switch
    {
        "list" => everywhere is null ? [(collection, "get", "list")] : [(collection, "get", "list"), (everywhere, "get", "list")],
        "create" => [(collection, "post", "post")],
        "deletecollection" => [(collection, "delete", "deletecollection")],
        "watch" => everywhere is null
            ? [("/watch" + collection, "get", "watchlist"), ($"/watch{collection}/{{name}}", "get", "watch")]
            : [("/watch" + collection, "get", "watchlist"), ($"/watch{collection}/{{name}}", "get", "watch"), ("/watch" + everywhere, "get", "watchlist")],
        _ when ItemActions.Contains(verb) => [(collection + "/{name}", Method(verb), Method(verb))],
        _ => [],
    };

    private static string Method(string verb) => verb switch { "create" => "post", "update" => "put", _ => verb };

    private static IEnumerable<(string Path, string Method, string Action, string Kind)> Found(JsonElement paths) =>
        from path in paths.EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Name != "parameters" && operation.Value.TryGetProperty("x-kubernetes-action", out _)
        let kind = operation.Value.GetProperty("x-kubernetes-group-version-kind")
        select (path.Name, operation.Name, Facts.Text(operation.Value, "x-kubernetes-action"), $"{Facts.Text(kind, "group")}/{Facts.Text(kind, "version")}/{Facts.Text(kind, "kind")}");

    [Fact]
    public void Version_2_has_every_operation_of_the_facts_and_no_other() =>
        Assert.Equal(Expected().Order(), Found(Documents.V2.GetProperty("paths")).Order());

    [Fact]
    public void Version_3_has_every_operation_of_the_facts_in_the_document_of_its_group_version_and_no_other()
    {
        var found = Documents.AllV3.SelectMany(document =>
        {
            var operations = Found(document.Root.GetProperty("paths")).ToList();
            Assert.All(operations, operation => Assert.StartsWith(ApiOperations.Root(document.Version) + "/", operation.Path, StringComparison.Ordinal));
            return operations;
        });
        Assert.Equal(Expected().Order(), found.Order());
    }

    [Fact]
    public void All_68_resources_and_45_subresources_are_there()
    {
        Assert.Equal(22, ResourceTable.GroupVersions.Count);
        Assert.Equal(68, Facts.Served.Count());
        Assert.Equal(45, Facts.Served.Sum(served => served.Resource.TryGetProperty("subresources", out var all) ? all.GetArrayLength() : 0));
        var paths = Documents.V2.GetProperty("paths");
        foreach (var descriptor in ResourceTable.All)
        {
            Assert.True(paths.TryGetProperty(ApiOperations.Collection(descriptor), out _), descriptor.ToString());
            foreach (var subresource in descriptor.Subresources)
                Assert.True(paths.TryGetProperty($"{ApiOperations.Collection(descriptor)}/{{name}}/{subresource.Name}", out _), subresource.ToString());
        }
    }

    [Theory]
    [InlineData("/api/v1/namespaces/{namespace}/pods/{name}", "patch", "patchCoreV1NamespacedPod", "core_v1")]
    [InlineData("/api/v1/pods", "get", "listCoreV1PodForAllNamespaces", "core_v1")]
    [InlineData("/api/v1/namespaces/{namespace}/pods/{name}/exec", "get", "connectCoreV1GetNamespacedPodExec", "core_v1")]
    [InlineData("/api/v1/nodes/{name}/proxy/{path}", "options", "connectCoreV1OptionsNodeProxyWithPath", "core_v1")]
    [InlineData("/api/v1/watch/pods", "get", "watchCoreV1PodListForAllNamespaces", "core_v1")]
    [InlineData("/api/v1/watch/namespaces/{namespace}/pods/{name}", "get", "watchCoreV1NamespacedPod", "core_v1")]
    [InlineData("/api/v1/namespaces/{namespace}/pods/{name}/ephemeralcontainers", "put", "replaceCoreV1NamespacedPodEphemeralcontainers", "core_v1")]
    [InlineData("/apis/apps/v1/namespaces/{namespace}/deployments", "delete", "deleteAppsV1CollectionNamespacedDeployment", "apps_v1")]
    [InlineData("/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "get", "readAppsV1NamespacedDeploymentScale", "apps_v1")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterroles", "get", "listRbacAuthorizationV1ClusterRole", "rbacAuthorization_v1")]
    [InlineData("/apis/flowcontrol.apiserver.k8s.io/v1/", "get", "getFlowcontrolApiserverV1APIResources", "flowcontrolApiserver_v1")]
    [InlineData("/apis/autoscaling/", "get", "getAutoscalingAPIGroup", "autoscaling")]
    [InlineData("/api/", "get", "getCoreAPIVersions", "core")]
    [InlineData("/version/", "get", "getCodeVersion", "version")]
    public void Operations_have_upstreams_names(string path, string method, string id, string tag)
    {
        var operation = Documents.V2.GetProperty("paths").GetProperty(path).GetProperty(method);
        Assert.Equal(id, Facts.Text(operation, "operationId"));
        Assert.Equal([tag], Facts.Texts(operation, "tags"));
    }

    [Fact]
    public void Names_of_custom_groups_are_made_as_upstream_makes_them()
    {
        Assert.Equal("StableExampleComV1alpha1", OperationNames.GroupVersion(new("stable.example.com", "v1alpha1")));
        Assert.Equal("stableExampleCom_v1alpha1", OperationNames.Tag(new("stable.example.com", "v1alpha1")));
        Assert.Equal("MyGroupIoV1", OperationNames.GroupVersion(new("my-group.io", "v1")));
    }

    [Fact]
    public void Operation_names_are_unique()
    {
        var names = from path in Documents.V2.GetProperty("paths").EnumerateObject()
                    from operation in path.Value.EnumerateObject()
                    where operation.Name != "parameters"
                    select Facts.Text(operation.Value, "operationId");
        Assert.Empty(names.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key));
    }

    [Fact]
    public void Operations_tell_what_they_take_and_give()
    {
        var pods = Documents.V2.GetProperty("paths").GetProperty("/api/v1/namespaces/{namespace}/pods");
        Assert.Equal(["*/*"], Facts.Texts(pods.GetProperty("post"), "consumes"));
        Assert.Equal(["https"], Facts.Texts(pods.GetProperty("post"), "schemes"));
        Assert.Contains("application/json;stream=watch", Facts.Texts(pods.GetProperty("get"), "produces"));
        Assert.Equal("#/definitions/io.k8s.api.core.v1.PodList", Facts.Text(pods.GetProperty("get").GetProperty("responses").GetProperty("200").GetProperty("schema"), "$ref"));
        Assert.Equal(["200", "201", "202", "401"], pods.GetProperty("post").GetProperty("responses").EnumerateObject().Select(response => response.Name));
        var item = Documents.V2.GetProperty("paths").GetProperty("/api/v1/namespaces/{namespace}/pods/{name}");
        Assert.Equal(MediaTypes.Patches, Facts.Texts(item.GetProperty("patch"), "consumes"));
        // Kinds that are deleted in time answer with the object, all others with a Status.
        Assert.Equal("#/definitions/io.k8s.api.core.v1.Pod", Facts.Text(item.GetProperty("delete").GetProperty("responses").GetProperty("200").GetProperty("schema"), "$ref"));
        var log = Documents.V2.GetProperty("paths").GetProperty("/api/v1/namespaces/{namespace}/pods/{name}/log").GetProperty("get");
        Assert.Equal("text/plain", Facts.Texts(log, "produces")[0]);
        Assert.Equal("string", Facts.Text(log.GetProperty("responses").GetProperty("200").GetProperty("schema"), "type"));
    }

    [Fact]
    public void Older_kubectls_find_dryRun_and_fieldValidation_where_they_look_for_them()
    {
        var patch = Documents.V2.GetProperty("paths").GetProperty("/apis/apps/v1/namespaces/{namespace}/deployments/{name}").GetProperty("patch");
        var inPlace = patch.GetProperty("parameters").EnumerateArray().Select(parameter => Facts.Text(parameter, "name")).ToList();
        Assert.Contains("dryRun", inPlace);
        Assert.Contains("fieldValidation", inPlace);
    }

    [Fact]
    public void Parameters_that_all_operations_of_a_path_have_stand_beside_them()
    {
        var shared = Documents.V2.GetProperty("parameters");
        foreach (var path in Documents.V2.GetProperty("paths").EnumerateObject())
        {
            var common = path.Value.TryGetProperty("parameters", out var list) ? list.EnumerateArray().Select(Resolve).ToList() : [];
            var operations = path.Value.EnumerateObject().Where(operation => operation.Name != "parameters").ToList();
            foreach (var operation in operations)
            {
                var own = operation.Value.TryGetProperty("parameters", out var its) ? its.EnumerateArray().Select(Resolve).ToList() : [];
                Assert.Empty(own.Intersect(common));
                Assert.Equal(own.Count, own.Distinct().Count());
            }

            foreach (var name in new[] { "name", "namespace", "path" }.Where(name => path.Name.Contains($"{{{name}}}", StringComparison.Ordinal)))
                Assert.Contains(("path", name), common);
        }

        (string In, string Name) Resolve(JsonElement parameter)
        {
            if (parameter.TryGetProperty("$ref", out var reference))
                parameter = shared.GetProperty(reference.GetString()!["#/parameters/".Length..]);
            return (Facts.Text(parameter, "in"), Facts.Text(parameter, "name"));
        }
    }
}
