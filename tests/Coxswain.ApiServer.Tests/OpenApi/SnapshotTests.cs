using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

public sealed class SnapshotTests
{
    private static readonly OpenApiResource[] Few = [.. Documents.Resources.Where(resource => resource.Descriptor.Kind.Group is "policy" or "node.k8s.io")];

    [Fact]
    public void The_index_names_every_document_with_its_hash()
    {
        var paths = Documents.Parse(Documents.BuiltIn.Index).GetProperty("paths");
        string[] expected =
        [
            ".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version",
            .. ResourceTable.GroupVersions.Select(OpenApiV3.Path),
            .. ResourceTable.GroupVersions.Where(version => version.Group.Length > 0).Select(version => "apis/" + version.Group).Distinct(),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), paths.EnumerateObject().Select(path => path.Name));
        foreach (var path in paths.EnumerateObject())
            Assert.Equal($"/openapi/v3/{path.Name}?hash={Documents.BuiltIn.Find(path.Name)!.Hash}", Facts.Text(path.Value, "serverRelativeURL"));
        Assert.Null(Documents.BuiltIn.Find("apis/none/v1"));
    }

    [Fact]
    public void The_hash_changes_with_the_content()
    {
        var few = new OpenApiSnapshot(Few, "v1.36.0");
        Assert.Matches("^[0-9A-F]{128}$", few.V2.Hash);
        Assert.NotEqual(few.V2.Hash, new OpenApiSnapshot(Few, "v1.36.1").V2.Hash);
        Assert.Equal(few.V2.Hash, new OpenApiSnapshot(Few, "v1.36.0").V2.Hash);
    }

    [Fact]
    public void What_did_not_change_keeps_its_document_when_resources_come_and_go()
    {
        var documents = new OpenApiDocuments(Few, "v1.36.0");
        var before = documents.Current;
        documents.Publish([.. Few, .. Documents.Resources.Where(resource => resource.Descriptor.Kind.Group == "scheduling.k8s.io")]);

        Assert.Same(before.Find("apis/policy/v1"), documents.Current.Find("apis/policy/v1"));
        Assert.Same(before.Find("api"), documents.Current.Find("api"));
        Assert.NotNull(documents.Current.Find("apis/scheduling.k8s.io/v1"));
        Assert.Null(before.Find("apis/scheduling.k8s.io/v1"));
        documents.Publish([.. Few.Where(resource => resource.Descriptor.Kind.Group == "policy")]);
        Assert.Null(documents.Current.Find("apis/node.k8s.io/v1"));
        Assert.NotEqual(before.V2.Hash, documents.Current.V2.Hash);
    }

    [Fact]
    public void A_custom_resource_brings_its_own_definitions()
    {
        const string Definition = "com.example.stable.v1.CronTab";
        var like = ResourceTable.All.Single(descriptor => descriptor.Plural == "configmaps");
        var custom = new OpenApiResource(like with
        {
            Kind = new("stable.example.com", "v1", "CronTab"),
            ListKind = "CronTabList",
            Plural = "crontabs",
        })
        {
            Definitions =
            [
                new(like.Schema.Name, ["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"], (writer, schemas) =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("description", Definition);
                    writer.WriteStartObject("properties");
                    writer.WritePropertyName("metadata");
                    schemas.WriteRef(writer, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                }),
            ],
        };
        var snapshot = new OpenApiSnapshot([custom], "v1.36.0");
        var v3 = Documents.Parse(snapshot.Find("apis/stable.example.com/v1")!);
        var patch = v3.GetProperty("paths").GetProperty("/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}").GetProperty("patch");
        Assert.Equal("patchStableExampleComV1NamespacedCronTab", Facts.Text(patch, "operationId"));
        Assert.False(patch.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/strategic-merge-patch+json", out _));
        Assert.Equal(Definition, Facts.Text(v3.GetProperty("components").GetProperty("schemas").GetProperty(like.Schema.Name), "description"));
        // Neither discovery nor the watches of old are documented for them.
        Assert.Equal(["crontabs", "{name}"], v3.GetProperty("paths").EnumerateObject().Select(path => path.Name.Split('/')[^1]).Distinct());
        Assert.DoesNotContain(v3.GetProperty("paths").EnumerateObject(), path => path.Name.Contains("/watch/", StringComparison.Ordinal));
        Assert.Null(snapshot.Find("apis/stable.example.com"));
        Assert.True(v3.GetProperty("components").GetProperty("schemas").TryGetProperty("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", out _));
        Assert.True(Documents.Parse(snapshot.V2).GetProperty("definitions").TryGetProperty("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", out _));
    }

    [Fact]
    public void All_documents_together_take_little_room()
    {
        var sizes = Documents.BuiltIn.Paths.Select(path => Documents.BuiltIn.Find(path)!).Append(Documents.BuiltIn.V2)
            .Sum(document => document.Json.Gzip.Length + document.Protobuf.Gzip.Length);
        Assert.InRange(sizes, 100_000, 3_000_000);
    }

    [Fact]
    public void Security_is_a_bearer_token()
    {
        Assert.Equal("""[{"BearerToken":[]}]""", Documents.V2.GetProperty("security").GetRawText());
        Assert.Equal("apiKey", Facts.Text(Documents.V2.GetProperty("securityDefinitions").GetProperty("BearerToken"), "type"));
        Assert.Equal("header", Facts.Text(Documents.V3("version").GetProperty("components").GetProperty("securitySchemes").GetProperty("BearerToken"), "in"));
    }
}
