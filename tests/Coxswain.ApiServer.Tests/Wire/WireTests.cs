using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.ApiServer.Tests.Wire;

/// <summary>Requests over real TLS, and what comes back.</summary>
public sealed class WireTests(ClusterFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<string> NamespaceAsync()
    {
        var name = "wire-" + Guid.NewGuid().ToString("N")[..8];
        await fixture.Cluster.Admin.CreateAsync(new Namespace { Metadata = new() { Name = name } }, Cancellation);
        return name;
    }

    private static StringContent Json(string json, string type = "application/json") => new(json, Encoding.UTF8, type);

    private static async Task<JsonNode> BodyAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;

    [Fact]
    public async Task What_is_created_is_read_listed_and_deleted()
    {
        using var http = fixture.Cluster.Http();
        var path = $"/api/v1/namespaces/{await NamespaceAsync()}/configmaps";

        using var created = await http.PostAsync(path, Json("""{"metadata":{"name":"a"},"data":{"k":"v"}}"""), Cancellation);
        using var read = await http.GetAsync(path + "/a", Cancellation);
        using var listed = await http.GetAsync(path, Cancellation);
        using var deleted = await http.DeleteAsync(path + "/a", Cancellation);
        using var gone = await http.GetAsync(path + "/a", Cancellation);

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal(await created.Content.ReadAsStringAsync(Cancellation), await read.Content.ReadAsStringAsync(Cancellation));
        var list = await BodyAsync(listed);
        Assert.Equal("ConfigMapList", (string?)list["kind"]);
        Assert.Equal("a", (string?)list["items"]![0]!["metadata"]!["name"]);
        Assert.Null(list["items"]![0]!["kind"]);
        Assert.Equal("Success", (string?)(await BodyAsync(deleted))["status"]);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Http_2_serves_the_same()
    {
        using var http = fixture.Cluster.Http(version: HttpVersion.Version20);

        using var response = await http.GetAsync("/api/v1/namespaces/default", Cancellation);

        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (response.StatusCode, response.Version));
    }

    [Fact]
    public async Task Nobody_and_strangers_are_told_apart()
    {
        using var anonymous = fixture.Cluster.Http(token: null);
        using var stranger = fixture.Cluster.Http(token: "wrong");
        using var alice = fixture.Cluster.Http(token: "alice-token");

        using var forbidden = await anonymous.GetAsync("/api/v1/nodes", Cancellation);
        using var unauthorized = await stranger.GetAsync("/api/v1/nodes", Cancellation);
        using var denied = await alice.GetAsync("/api/v1/nodes", Cancellation);
        using var healthy = await anonymous.GetAsync("/readyz", Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, unauthorized.StatusCode);
        Assert.Equal(
            "nodes is forbidden: User \"alice\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
            (string?)(await BodyAsync(denied))["message"]);
        Assert.Equal("ok", await healthy.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("POST", "/api/v1/namespaces/default/configmaps", "{", "application/json", 400)]
    [InlineData("POST", "/api/v1/namespaces/default/configmaps", "x", "text/plain", 415)]
    [InlineData("POST", "/api/v1/namespaces/default/configmaps", "{}", "application/json", 422)]
    [InlineData("POST", "/api/v1/namespaces/default/configmaps/a", "{}", "application/json", 405)]
    [InlineData("PATCH", "/api/v1/namespaces/default/configmaps/a", "{}", "application/json", 415)]
    [InlineData("PATCH", "/api/v1/namespaces/default/configmaps/a", "{}", "application/merge-patch+json", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/nothings", null, null, 404)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps?limit=x", null, null, 400)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps?labelSelector=!!", null, null, 400)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps?continue=!", null, null, 400)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps?timeout=never", null, null, 400)]
    [InlineData("GET", "/nothing", null, null, 404)]
    public async Task What_is_wrong_is_answered_as_upstream_does(string method, string path, string? body, string? type, int code)
    {
        using var http = fixture.Cluster.Http();
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null)
            request.Content = Json(body, type!);

        using var response = await http.SendAsync(request, Cancellation);

        Assert.Equal(code, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_without_being_read()
    {
        using var http = fixture.Cluster.Http();
        using var content = new ByteArrayContent(new byte[4 * 1024 * 1024]);
        content.Headers.ContentType = new("application/json");

        using var response = await http.PostAsync("/api/v1/namespaces/default/configmaps", content, Cancellation);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task An_unknown_field_is_warned_of_or_refused()
    {
        using var http = fixture.Cluster.Http();
        var path = $"/api/v1/namespaces/{await NamespaceAsync()}/configmaps";
        const string Body = """{"metadata":{"name":"a"},"extra":1}""";

        using var warned = await http.PostAsync(path, Json(Body), Cancellation);
        using var refused = await http.PostAsync(path + "?fieldValidation=Strict", Json(Body), Cancellation);

        Assert.Equal("299 - \"unknown field \\\"extra\\\"\"", warned.Headers.GetValues("Warning").Single());
        Assert.Contains("strict decoding error: unknown field \"extra\"", (string?)(await BodyAsync(refused))["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_tells_what_happens_after_a_version()
    {
        using var http = fixture.Cluster.Http();
        var path = $"/api/v1/namespaces/{await NamespaceAsync()}/configmaps";
        var list = await BodyAsync(await http.GetAsync(path, Cancellation));
        var version = (string)list["metadata"]!["resourceVersion"]!;
        using var watch = await http.GetAsync($"{path}?watch=true&resourceVersion={version}", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await watch.Content.ReadAsStreamAsync(Cancellation));

        using var created = await http.PostAsync(path, Json("""{"metadata":{"name":"a","labels":{"x":"1"}}}"""), Cancellation);
        var added = JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!;
        using var patched = await http.PatchAsync(path + "/a", Json("""{"data":{"k":"v"}}""", "application/merge-patch+json"), Cancellation);
        var modified = JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!;
        using var removed = await http.DeleteAsync(path + "/a", Cancellation);
        var deleted = JsonNode.Parse((await reader.ReadLineAsync(Cancellation))!)!;

        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], new[] { added, modified, deleted }.Select(e => (string?)e["type"]));
        Assert.Equal((await BodyAsync(patched)).ToJsonString(), modified["object"]!.ToJsonString());
        Assert.NotEqual((string?)modified["object"]!["metadata"]!["resourceVersion"], (string?)deleted["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task Protobuf_tables_partial_objects_and_yaml_are_made_on_request()
    {
        using var http = fixture.Cluster.Http();
        async Task<HttpResponseMessage> GetAsync(string path, string accept)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Accept", accept);
            return await http.SendAsync(request, Cancellation);
        }

        using var protobuf = await GetAsync("/api/v1/namespaces/default", "application/vnd.kubernetes.protobuf");
        using var table = await GetAsync("/api/v1/namespaces", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        using var partial = await GetAsync("/api/v1/namespaces", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
        using var yaml = await GetAsync("/api/v1/namespaces/default", "application/yaml");

        var document = ProtobufEnvelope.Read(await protobuf.Content.ReadAsByteArrayAsync(Cancellation));
        var decoded = (Namespace)CodecTable.Find(Namespace.ResourceKind)!.ReadProtobuf(document.Message.Span);
        Assert.Equal("default", decoded.Metadata.Name);
        Assert.Equal("Name", (string?)(await BodyAsync(table))["columnDefinitions"]![0]!["name"]);
        Assert.Equal("PartialObjectMetadata", (string?)(await BodyAsync(partial))["items"]![0]!["kind"]);
        Assert.StartsWith("apiVersion: v1\nkind: Namespace\n", await yaml.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Discovery_is_aggregated_when_asked_and_tagged()
    {
        using var http = fixture.Cluster.Http();
        const string Accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        using var request = new HttpRequestMessage(HttpMethod.Get, "/apis");
        request.Headers.TryAddWithoutValidation("Accept", Accept);
        using var response = await http.SendAsync(request, Cancellation);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/apis");
        again.Headers.TryAddWithoutValidation("Accept", Accept);
        again.Headers.TryAddWithoutValidation("If-None-Match", response.Headers.ETag!.Tag);

        using var unchanged = await http.SendAsync(again, Cancellation);
        var plain = await BodyAsync(await http.GetAsync("/apis", Cancellation));

        Assert.Equal("APIGroupDiscoveryList", (string?)(await BodyAsync(response))["kind"]);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal("APIGroupList", (string?)plain["kind"]);
    }

    [Fact]
    public async Task A_list_goes_on_over_the_state_it_began_with()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        foreach (var name in new[] { "a", "b", "c" })
            await admin.CreateAsync(new ConfigMap { Metadata = new() { Name = name, Namespace = @namespace } }, Cancellation);

        var first = await admin.ListAsync<ConfigMap>(new() { Namespace = @namespace, Limit = 2 }, Cancellation);
        await admin.DeleteAsync<ConfigMap>(new(@namespace, "c"), null, Cancellation);
        var second = await admin.ListAsync<ConfigMap>(new() { Namespace = @namespace, Limit = 2, Continue = first.Continue }, Cancellation);

        Assert.Equal(["a", "b"], first.Items.Select(i => i.Metadata.Name));
        Assert.Equal(["c"], second.Items.Select(i => i.Metadata.Name));
        Assert.Equal(first.ResourceVersion, second.ResourceVersion);
    }

    [Fact]
    public async Task An_object_with_finalizers_goes_with_the_last_of_them()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        var name = new NamespacedName(@namespace, "held");
        await admin.CreateAsync(new ConfigMap { Metadata = new() { Name = "held", Namespace = @namespace, Finalizers = ["example.com/hold"] } }, Cancellation);

        await admin.DeleteAsync<ConfigMap>(name, null, Cancellation);
        var marked = await admin.GetAsync<ConfigMap>(name, Cancellation);
        await admin.UpdateAsync(marked with { Metadata = marked.Metadata with { Finalizers = default } }, Cancellation);

        Assert.NotNull(marked.Metadata.DeletionTimestamp);
        Assert.Null(await admin.FindAsync<ConfigMap>(name, Cancellation));
    }

    [Fact]
    public async Task Two_writers_of_one_version_cannot_both_win()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        var made = await admin.CreateAsync(new ConfigMap { Metadata = new() { Name = "a", Namespace = @namespace } }, Cancellation);

        await admin.UpdateAsync(made with { Data = ApiMap.Of("k", "1") }, Cancellation);
        var late = await Assert.ThrowsAsync<ApiException>(() => admin.UpdateAsync(made with { Data = ApiMap.Of("k", "2") }, Cancellation));

        Assert.Equal((409, "Conflict"), (late.Code, late.Reason));
    }

    [Fact]
    public async Task Applying_makes_an_object_and_owns_its_fields()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        var name = new NamespacedName(@namespace, "a");
        static Patch Apply(string value, string manager) => Patch.Apply(
            Encoding.UTF8.GetBytes($"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{k: '{value}'}}\n"), manager);

        await admin.PatchAsync<ConfigMap>(name, Apply("1", "one"), Cancellation);
        var conflict = await Assert.ThrowsAsync<ApiException>(() => admin.PatchAsync<ConfigMap>(name, Apply("2", "two"), Cancellation));

        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .data.k", conflict.Message);
    }

    [Fact]
    public async Task A_token_of_a_service_account_identifies_it_while_it_exists()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        await admin.CreateAsync(new ServiceAccount { Metadata = new() { Name = "robot", Namespace = @namespace } }, Cancellation);
        var issued = await admin.CreateSubresourceAsync<ServiceAccount, Api.Authentication.V1.TokenRequest, Api.Authentication.V1.TokenRequest>(
            new(@namespace, "robot"), "token", new(), Cancellation);
        using var http = fixture.Cluster.Http(issued.Status.Token);

        using var known = await http.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", Json("{}"), Cancellation);
        await admin.DeleteAsync<ServiceAccount>(new(@namespace, "robot"), null, Cancellation);
        using var unknown = await http.GetAsync("/version", Cancellation);

        Assert.Equal($"system:serviceaccount:{@namespace}:robot", (string?)(await BodyAsync(known))["status"]!["userInfo"]!["username"]);
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
    }

    [Fact]
    public async Task In_process_watchers_get_the_very_objects()
    {
        var @namespace = await NamespaceAsync();
        var admin = fixture.Cluster.Admin;
        var list = await admin.ListAsync<ConfigMap>(new() { Namespace = @namespace }, Cancellation);
        await using var events = admin.WatchAsync<ConfigMap>(
            new() { Namespace = @namespace, ResourceVersion = list.ResourceVersion }, Cancellation).GetAsyncEnumerator(Cancellation);
        var next = events.MoveNextAsync();

        var made = await admin.CreateAsync(new ConfigMap { Metadata = new() { Name = "a", Namespace = @namespace } }, Cancellation);

        Assert.True(await next);
        Assert.Equal(WatchEventType.Added, events.Current.Type);
        Assert.Equal(made, events.Current.Object);
    }
}
