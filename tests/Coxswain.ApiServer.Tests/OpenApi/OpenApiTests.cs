using System.Text.Json;
using Coxswain.Api;
using Coxswain.ApiServer.OpenApi;

namespace Coxswain.ApiServer.Tests.OpenApi;

public sealed class OpenApiTests
{
    private static readonly OpenApiV2Document V2 = new(ResourceTable.All, "v1.36.0");
    private static readonly OpenApiV3 V3 = new(ResourceTable.All, "v1.36.0");
    private static readonly JsonElement V2Root = JsonElement.Parse(V2.Json.Span);

    private static JsonElement Document(string path) => JsonElement.Parse(V3.Find(path)!.Json.Span);

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.NameEquals("$ref") && member.Value.ValueKind == JsonValueKind.String ? [member.Value.GetString()!] : References(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    [Fact]
    public void Every_reference_of_version_2_is_defined()
    {
        var definitions = V2Root.GetProperty("definitions").EnumerateObject().Select(definition => "#/definitions/" + definition.Name).ToHashSet();
        Assert.All(References(V2Root).Distinct(), reference => Assert.Contains(reference, definitions));
        Assert.True(definitions.Count > 500);
    }

    [Fact]
    public void Every_reference_of_version_3_is_defined_in_its_document()
    {
        foreach (var version in ResourceTable.GroupVersions)
        {
            var root = Document(OpenApiV3.Path(version));
            var schemas = root.GetProperty("components").GetProperty("schemas").EnumerateObject().Select(schema => "#/components/schemas/" + schema.Name).ToHashSet();
            Assert.All(References(root).Distinct(), reference => Assert.Contains(reference, schemas));
        }
    }

    [Fact]
    public void The_index_names_every_group_version_with_its_hash()
    {
        var paths = JsonElement.Parse(V3.Index.Span).GetProperty("paths");
        Assert.Equal(ResourceTable.GroupVersions.Select(OpenApiV3.Path).Order(StringComparer.Ordinal), paths.EnumerateObject().Select(path => path.Name));
        Assert.Equal($"/openapi/v3/apis/apps/v1?hash={V3.Find("apis/apps/v1")!.Hash}", paths.GetProperty("apis/apps/v1").GetProperty("serverRelativeURL").GetString());
        Assert.Null(V3.Find("apis/none/v1"));
    }

    [Fact]
    public void Operations_say_what_they_do_to_which_kind()
    {
        var pods = V2Root.GetProperty("paths").GetProperty("/api/v1/namespaces/{namespace}/pods/{name}");
        var patch = pods.GetProperty("patch");
        Assert.Equal("patchCoreV1NamespacedPod", patch.GetProperty("operationId").GetString());
        Assert.Equal("patch", patch.GetProperty("x-kubernetes-action").GetString());
        Assert.Equal("""{"group":"","kind":"Pod","version":"v1"}""", patch.GetProperty("x-kubernetes-group-version-kind").GetRawText());
        Assert.Contains(patch.GetProperty("parameters").EnumerateArray(), parameter => parameter.GetProperty("name").GetString() == "dryRun");
        var v3 = Document("apis/apps/v1").GetProperty("paths").GetProperty("/apis/apps/v1/namespaces/{namespace}/deployments/{name}").GetProperty("patch");
        Assert.Contains(v3.GetProperty("parameters").EnumerateArray(), parameter => parameter.GetProperty("name").GetString() == "fieldValidation");
    }

    [Fact]
    public void Operation_names_are_unique()
    {
        var names = ResourceTable.All.SelectMany(ApiOperations.Of).Select(operation => operation.Id).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Contains("connectCoreV1GetNamespacedPodExec", names);
        Assert.Contains("listRbacAuthorizationV1ClusterRole", names);
        Assert.Contains("deleteAppsV1CollectionNamespacedDeployment", names);
        Assert.Contains("replaceCoreV1NamespacedPodStatus", names);
    }

    [Fact]
    public void Definitions_carry_merge_keys_list_types_and_kinds()
    {
        var definitions = V2Root.GetProperty("definitions");
        var containers = definitions.GetProperty("io.k8s.api.core.v1.PodSpec").GetProperty("properties").GetProperty("containers");
        Assert.Equal("array", containers.GetProperty("type").GetString());
        Assert.Equal("name", containers.GetProperty("x-kubernetes-patch-merge-key").GetString());
        Assert.Equal("merge", containers.GetProperty("x-kubernetes-patch-strategy").GetString());
        Assert.Equal("map", containers.GetProperty("x-kubernetes-list-type").GetString());
        var pod = definitions.GetProperty("io.k8s.api.core.v1.Pod");
        Assert.Equal("Pod", pod.GetProperty("x-kubernetes-group-version-kind")[0].GetProperty("kind").GetString());
        Assert.True(pod.GetProperty("properties").TryGetProperty("apiVersion", out _));
        Assert.Equal("int-or-string", definitions.GetProperty("io.k8s.apimachinery.pkg.util.intstr.IntOrString").GetProperty("format").GetString());
    }

    [Fact]
    public void The_protobuf_form_reads_as_the_same_definitions()
    {
        var names = new List<string>();
        var extensions = 0;
        foreach (var (field, value) in Fields(V2.Protobuf))
        {
            if (field != 9)
                continue;
            foreach (var (_, named) in Fields(value))
            {
                var parts = Fields(named).ToDictionary(part => part.Field, part => part.Value);
                names.Add(System.Text.Encoding.UTF8.GetString(parts[1].Span));
                extensions += Fields(parts[2]).Count(part => part.Field == 31);
            }
        }

        Assert.Equal(V2Root.GetProperty("definitions").EnumerateObject().Select(definition => definition.Name), names);
        Assert.True(extensions > 100);
    }

    [Fact]
    public void The_tag_changes_with_the_content()
    {
        Assert.Matches("^\"[0-9A-F]{64}\"$", V2.ETag);
        Assert.NotEqual(V2.ETag, new OpenApiV2Document([.. ResourceTable.All.Take(5)], "v1.36.0").ETag);
    }

    private static IEnumerable<(int Field, ReadOnlyMemory<byte> Value)> Fields(ReadOnlyMemory<byte> message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = Number(message.Span, ref at);
            var length = Number(message.Span, ref at);
            if ((tag & 7) == 0)
                continue;
            Assert.Equal(2, tag & 7);
            yield return (tag >> 3, message.Slice(at, length));
            at += length;
        }
    }

    private static int Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
