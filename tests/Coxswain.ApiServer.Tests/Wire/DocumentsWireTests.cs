using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.ApiDiscovery.V2;

namespace Coxswain.ApiServer.Tests.Wire;

/// <summary>Discovery and OpenAPI over the wire: forms, tags, caching.</summary>
public sealed class DocumentsWireTests(ClusterFixture fixture)
{
    private const string Aggregated = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string AggregatedBeta = ";g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> GetAsync(string path, string? accept = null, params (string Name, string Value)[] headers)
    {
        using var http = fixture.Cluster.Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request, Cancellation);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(Cancellation))!;

    private static string TypeOf(HttpResponseMessage response) => response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : "";

    [Theory]
    [InlineData("/openapi/v2", null, "application/json")]
    [InlineData("/openapi/v2", "application/json, */*", "application/json")]
    [InlineData("/openapi/v2", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    [InlineData("/openapi/v2", "text/html;q=0.9, application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    [InlineData("/openapi/v3/apis/apps/v1", null, "application/json")]
    [InlineData("/openapi/v3/apis/apps/v1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf")]
    [InlineData("/openapi/v3/api/v1", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf")]
    [InlineData("/openapi/v3", "application/json", "application/json")]
    public async Task OpenAPI_comes_in_the_form_that_is_asked_for(string path, string? accept, string type)
    {
        using var response = await GetAsync(path, accept);
        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, TypeOf(response)));
        Assert.Matches("^\"[0-9A-F]{128}\"$", response.Headers.ETag!.Tag);
        Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    public async Task Other_forms_of_OpenAPI_are_not_acceptable(string path)
    {
        using var response = await GetAsync(path, "text/html");
        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    [InlineData("/openapi/v3/version")]
    public async Task What_is_known_is_not_sent_again(string path)
    {
        using var first = await GetAsync(path);
        using var again = await GetAsync(path, null, ("If-None-Match", $"\"other\", W/{first.Headers.ETag!.Tag}"));
        using var changed = await GetAsync(path, null, ("If-None-Match", "\"other\""));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.NotModified, HttpStatusCode.OK], [first.StatusCode, again.StatusCode, changed.StatusCode]);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task The_address_with_the_right_hash_may_be_kept_for_ever_and_a_wrong_one_leads_to_it()
    {
        using var index = await GetAsync("/openapi/v3");
        var address = (string)(await JsonAsync(index))["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!;

        using var right = await GetAsync(address);
        using var wrong = await GetAsync("/openapi/v3/apis/apps/v1?hash=0");
        using var none = await GetAsync("/openapi/v3/apis/apps/v1");
        using var unknown = await GetAsync("/openapi/v3/apis/apps/v9");

        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.Equal("public, immutable", right.Headers.NonValidated["Cache-Control"].ToString());
        Assert.True(right.Content.Headers.Expires > DateTimeOffset.UtcNow.AddDays(300));
        Assert.Equal((HttpStatusCode.MovedPermanently, address), (wrong.StatusCode, wrong.Headers.Location!.OriginalString));
        Assert.DoesNotContain("immutable", none.Headers.NonValidated["Cache-Control"].ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task OpenAPI_is_sent_compressed_to_those_who_take_it()
    {
        using var plain = await GetAsync("/openapi/v3/apis/apps/v1");
        using var packed = await GetAsync("/openapi/v3/apis/apps/v1", null, ("Accept-Encoding", "gzip"));
        Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
        await using var gzip = new GZipStream(await packed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        Assert.True(JsonNode.DeepEquals(await JsonAsync(plain), await JsonNode.ParseAsync(gzip, cancellationToken: Cancellation)));
        Assert.True(packed.Content.Headers.ContentLength < plain.Content.Headers.ContentLength / 4);
    }

    [Theory]
    [InlineData("/api", "application/json" + Aggregated, "application/json" + Aggregated)]
    [InlineData("/apis", "application/json" + Aggregated, "application/json" + Aggregated)]
    [InlineData("/apis", "application/json" + Aggregated + ";profile=nopeer," + "application/json", "application/json" + Aggregated)]
    [InlineData("/apis", "application/json" + Aggregated + ",application/json" + AggregatedBeta + ",application/json", "application/json" + Aggregated)]
    [InlineData("/apis", "application/json" + AggregatedBeta + ",application/json" + Aggregated + ",application/json", "application/json" + Aggregated)]
    [InlineData("/apis", "application/vnd.kubernetes.protobuf" + Aggregated, "application/vnd.kubernetes.protobuf" + Aggregated)]
    [InlineData("/apis", "application/yaml" + Aggregated, "application/yaml" + Aggregated)]
    [InlineData("/apis", "application/json" + AggregatedBeta + ",application/json", "application/json")]
    [InlineData("/apis", "application/json", "application/json")]
    [InlineData("/apis", "application/json,application/json" + Aggregated, "application/json")]
    [InlineData("/apis", "application/yaml", "application/yaml")]
    [InlineData("/api", "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf")]
    [InlineData("/apis/apps", "application/yaml", "application/yaml")]
    [InlineData("/apis/apps/v1", "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf")]
    [InlineData("/api/v1", "application/yaml", "application/yaml")]
    public async Task Discovery_comes_in_the_form_that_is_asked_for(string path, string accept, string type)
    {
        using var response = await GetAsync(path, accept);
        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, TypeOf(response)));
    }

    [Fact]
    public async Task Aggregated_discovery_names_everything_and_is_not_sent_twice()
    {
        using var response = await GetAsync("/apis", "application/json" + Aggregated);
        using var again = await GetAsync("/apis", "application/json" + Aggregated, ("If-None-Match", response.Headers.ETag!.Tag));
        using var core = await GetAsync("/api", "application/json" + Aggregated);
        using var packed = await GetAsync("/apis", "application/vnd.kubernetes.protobuf" + Aggregated);

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal("public", response.Headers.NonValidated["Cache-Control"].ToString());
        Assert.Contains("Accept", response.Headers.Vary);
        var found = new[] { await JsonAsync(core), await JsonAsync(response) }.SelectMany(list => list["items"]!.AsArray())
            .SelectMany(group => group!["versions"]!.AsArray().Select(version => (Group: (string?)group["metadata"]?["name"] ?? "", Version: version!)))
            .SelectMany(one => one.Version["resources"]!.AsArray().Select(resource => (one.Group, Version: (string)one.Version["version"]!, Resource: resource!)))
            .Select(one => $"{one.Group}/{one.Version}/{one.Resource["resource"]} {Verbs(one.Resource)} {string.Join(' ', (one.Resource["subresources"]?.AsArray() ?? []).Select(s => $"{s!["subresource"]}:{Verbs(s)}").Order(StringComparer.Ordinal))}");
        var expected = OpenApi.Facts.Served.Select(one => $"{one.Group}/{one.Version}/{OpenApi.Facts.Text(one.Resource, "plural")} {string.Join(',', OpenApi.Facts.Verbs(one.Resource))} " +
            string.Join(' ', (one.Resource.TryGetProperty("subresources", out var all) ? all.EnumerateArray().ToArray() : []).Select(s => $"{OpenApi.Facts.Text(s, "name")}:{string.Join(',', OpenApi.Facts.Verbs(s))}").Order(StringComparer.Ordinal)));
        var builtIn = ResourceTable.GroupVersions.Select(version => version.Group).ToHashSet();
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Where(line => builtIn.Contains(line[..line.IndexOf('/', StringComparison.Ordinal)])).Order(StringComparer.Ordinal));

        var codec = CodecTable.Find(new("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList"))!;
        var envelope = ProtobufEnvelope.Read(await packed.Content.ReadAsByteArrayAsync(Cancellation));
        var list = (APIGroupDiscoveryList)codec.ReadProtobuf(envelope.Message.Span);
        Assert.Equal(20, list.Items.Count(group => builtIn.Contains(group.Metadata.Name)));

        static string Verbs(JsonNode of) => string.Join(',', of["verbs"]!.AsArray().Select(verb => (string)verb!));
    }

    [Fact]
    public async Task Groups_stand_in_the_order_in_which_clients_should_look_for_a_name()
    {
        string[] expected =
        [
            "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
            "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io",
            "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "flowcontrol.apiserver.k8s.io", "resource.k8s.io",
        ];
        using var plain = await GetAsync("/apis");
        using var aggregated = await GetAsync("/apis", "application/json" + Aggregated);
        // The shared cluster may have groups of other tests' custom resources, which come last.
        Assert.Equal(expected, (await JsonAsync(plain))["groups"]!.AsArray().Select(group => (string)group!["name"]!).Take(expected.Length));
        Assert.Equal(expected, (await JsonAsync(aggregated))["items"]!.AsArray().Select(group => (string)group!["metadata"]!["name"]!).Take(expected.Length));
        using var autoscaling = await GetAsync("/apis/autoscaling");
        Assert.Equal(["v2", "v1"], (await JsonAsync(autoscaling))["versions"]!.AsArray().Select(version => (string)version!["version"]!));
    }

    [Fact]
    public async Task Plain_discovery_names_every_resource_and_subresource_with_its_verbs()
    {
        foreach (var version in OpenApi.Facts.Served.GroupBy(one => (one.Group, one.Version)))
        {
            using var response = await GetAsync(version.Key.Group.Length == 0 ? "/api/v1" : $"/apis/{version.Key.Group}/{version.Key.Version}");
            var found = (await JsonAsync(response))["resources"]!.AsArray()
                .Select(r => $"{r!["name"]} {r["singularName"]} {r["kind"]} {r["namespaced"]} {Join(r["verbs"])} {Join(r["shortNames"])} {Join(r["categories"])}").Order(StringComparer.Ordinal);
            var expected = version.SelectMany(one => Lines(one.Resource)).Order(StringComparer.Ordinal);
            Assert.Equal(expected, found);
        }

        static string Join(JsonNode? list) => string.Join(',', (list?.AsArray() ?? []).Select(one => (string)one!));

        static IEnumerable<string> Lines(System.Text.Json.JsonElement r)
        {
            var plural = OpenApi.Facts.Text(r, "plural");
            var namespaced = OpenApi.Facts.Is(r, "namespaced") ? "true" : "false";
            yield return $"{plural} {OpenApi.Facts.Text(r, "singular")} {OpenApi.Facts.Text(r, "kind")} {namespaced} {string.Join(',', OpenApi.Facts.Verbs(r))} " +
                $"{string.Join(',', OpenApi.Facts.Texts(r, "shortNames"))} {string.Join(',', OpenApi.Facts.Texts(r, "categories"))}";
            foreach (var s in r.TryGetProperty("subresources", out var all) ? all.EnumerateArray().ToArray() : [])
                yield return $"{plural}/{OpenApi.Facts.Text(s, "name")}  {OpenApi.Facts.Text(s, "kind")} {namespaced} {string.Join(',', OpenApi.Facts.Verbs(s))}  ";
        }
    }

    [Fact]
    public async Task Keys_and_configuration_of_token_issuing_and_the_version_are_JSON()
    {
        using var configuration = await GetAsync("/.well-known/openid-configuration");
        using var keys = await GetAsync("/openid/v1/jwks");
        using var version = await GetAsync("/version");
        Assert.Equal("application/json", TypeOf(configuration));
        Assert.EndsWith("/openid/v1/jwks", (string)(await JsonAsync(configuration))["jwks_uri"]!, StringComparison.Ordinal);
        Assert.Equal("application/jwk-set+json", TypeOf(keys));
        Assert.NotEmpty((await JsonAsync(keys))["keys"]!.AsArray());
        Assert.StartsWith("v1.36", (string)(await JsonAsync(version))["gitVersion"]!, StringComparison.Ordinal);
    }
}
