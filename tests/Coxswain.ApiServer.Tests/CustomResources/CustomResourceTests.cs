using System.Text.Json.Nodes;
using Coxswain.Api;
using static Coxswain.ApiServer.Tests.CustomResources.Definitions;

namespace Coxswain.ApiServer.Tests.CustomResources;

/// <summary>Custom resources over the wire: what their clients see.</summary>
[Collection(nameof(CustomCluster))]
public sealed class CustomResourceTests(CustomCluster fixture) : IDisposable
{
    private const string Sized =
        """{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1,"maximum":10,"default":3},"color":{"type":"string","enum":["red","green"]}}},"status":{"type":"object","properties":{"phase":{"type":"string"},"replicas":{"type":"integer"},"selector":{"type":"string"}}}}}""";

    private const string StatusAndScale =
        ""","subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}}""";

    private readonly Conformance.Api _api = new(fixture.Cluster);

    private Definitions Definitions => new(_api);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _api.Dispose();

    private async Task<string> ThingsPathAsync(string group, string version = "v1") =>
        $"/apis/{group}/{version}/namespaces/{await _api.NamespaceAsync()}/things";

    [Fact]
    public async Task What_a_definition_defines_is_served_as_soon_as_it_is_established()
    {
        var group = await Definitions.ThingsAsync(Sized);

        var things = await ThingsPathAsync(group);
        var list = (await _api.GetAsync(things)).Expect(200);

        Assert.Equal("ThingList", list.String("kind"));
        Assert.Equal($"{group}/v1", list.String("apiVersion"));
        Assert.Equal("", list.String("metadata/continue"));
    }

    [Fact]
    public async Task An_unknown_resource_of_a_custom_group_is_an_unknown_path()
    {
        var group = await Definitions.ThingsAsync(Sized);

        var answer = (await _api.GetAsync($"/apis/{group}/v1/namespaces/default/others")).Expect(404);

        Assert.Equal("404 page not found\n", answer.Text);
    }

    [Fact]
    public async Task Unknown_fields_are_dropped_with_a_warning_and_refused_by_strict_clients()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        var body = Thing(group, "a", ""","spec":{"size":2,"other":1}""");

        var created = (await _api.PostAsync(things, body)).Expect(201);
        var strict = (await _api.PostAsync(things + "?fieldValidation=Strict", Thing(group, "b", ""","spec":{"size":2,"other":1}"""))).Expect(400);

        Assert.Null(created["spec/other"]);
        Assert.Contains("unknown field \\\"spec.other\\\"", Assert.Single(created.Warnings), StringComparison.Ordinal);
        Assert.Equal("Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: unknown field \"spec.other\"", strict.Message);
    }

    [Fact]
    public async Task A_field_that_is_said_twice_counts_the_last_time_and_is_warned_of()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);

        var created = (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":2,"size":4}"""))).Expect(201);

        Assert.Equal(4, (int)created["spec/size"]!);
        Assert.Contains("duplicate field", Assert.Single(created.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Defaults_are_filled_in_when_objects_are_written_and_when_they_are_read()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        Assert.Equal(3, (int)(await _api.PostAsync(things, Thing(group, "a", ""","spec":{}"""))).Expect(201)["spec/size"]!);

        var later = Sized.Replace("\"enum\":[\"red\",\"green\"]", "\"enum\":[\"red\",\"green\"],\"default\":\"green\"", StringComparison.Ordinal);
        (await _api.MergeAsync($"{Definitions.Path}/things.{group}", $$$"""{"spec":{"versions":[{{{Version(later)}}}]}}""")).Expect(200);

        var read = await _api.UntilAsync(() => _api.GetAsync(things + "/a"), answer => answer.String("spec/color") is not null);
        Assert.Equal("green", read.String("spec/color"));
    }

    [Theory]
    [InlineData("""{"size":"x"}""", "spec.size", "FieldValueTypeInvalid", "Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")]
    [InlineData("""{"size":11}""", "spec.size", "FieldValueInvalid", "Invalid value: 11: spec.size in body should be less than or equal to 10")]
    [InlineData("""{"color":"blue"}""", "spec.color", "FieldValueNotSupported", "Unsupported value: \"blue\": supported values: \"red\", \"green\"")]
    public async Task Values_that_the_schema_does_not_allow_are_refused(string spec, string field, string reason, string message)
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);

        var refused = (await _api.PostAsync(things, Thing(group, "a", ",\"spec\":" + spec))).Expect(422);

        Assert.Equal(field, refused.String("details/causes/0/field"));
        Assert.Equal(reason, refused.String("details/causes/0/reason"));
        Assert.Equal(message, refused.String("details/causes/0/message"));
    }

    [Fact]
    public async Task A_value_that_was_allowed_once_may_stay_when_the_schema_gets_stricter()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":9}"""))).Expect(201);
        (await _api.MergeAsync($"{Definitions.Path}/things.{group}", $$$"""{"spec":{"versions":[{{{Version(Sized.Replace("\"maximum\":10", "\"maximum\":5", StringComparison.Ordinal))}}}]}}""")).Expect(200);
        await _api.UntilAsync(() => _api.PostAsync(things + "?dryRun=All", Thing(group, "b", ""","spec":{"size":9}""")), answer => answer.Code == 422);

        (await _api.MergeAsync(things + "/a", """{"spec":{"color":"red"}}""")).Expect(200);
        (await _api.MergeAsync(things + "/a", """{"spec":{"size":8}}""")).Expect(422);
    }

    [Fact]
    public async Task Status_is_written_through_its_own_door_and_only_the_rest_counts_for_the_generation()
    {
        var group = await Definitions.ThingsAsync(Sized, StatusAndScale);
        var things = await ThingsPathAsync(group);
        var created = (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":2},"status":{"phase":"dropped"}"""))).Expect(201);
        Assert.Null(created["status"]);
        Assert.Equal(1, (int)created["metadata/generation"]!);

        var status = (await _api.MergeAsync(things + "/a/status", """{"metadata":{"labels":{"a":"b"}},"spec":{"size":5},"status":{"phase":"Up"}}""")).Expect(200);
        Assert.Equal("Up", status.String("status/phase"));
        Assert.Equal(2, (int)status["spec/size"]!);
        Assert.Null(status["metadata/labels"]);
        Assert.Equal(1, (int)status["metadata/generation"]!);

        var changed = (await _api.MergeAsync(things + "/a", """{"spec":{"size":5},"status":{"phase":"ignored"}}""")).Expect(200);
        Assert.Equal("Up", changed.String("status/phase"));
        Assert.Equal(2, (int)changed["metadata/generation"]!);
        Assert.Equal(2, (int)(await _api.MergeAsync(things + "/a", """{"metadata":{"labels":{"a":"b"}}}""")).Expect(200)["metadata/generation"]!);
    }

    [Fact]
    public async Task Scale_reads_and_writes_what_the_definition_points_at()
    {
        var group = await Definitions.ThingsAsync(Sized, StatusAndScale);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":2}"""))).Expect(201);
        (await _api.MergeAsync(things + "/a/status", """{"status":{"replicas":1,"selector":"a=b"}}""")).Expect(200);

        var scale = (await _api.MergeAsync(things + "/a/scale", """{"spec":{"replicas":7}}""")).Expect(200);

        Assert.Equal("Scale", scale.String("kind"));
        Assert.Equal(1, (int)scale["status/replicas"]!);
        Assert.Equal("a=b", scale.String("status/selector"));
        Assert.Equal(7, (int)(await _api.GetAsync(things + "/a")).Expect(200)["spec/size"]!);
        (await _api.MergeAsync(things + "/a/scale", """{"spec":{"replicas":70}}""")).Expect(422);
    }

    [Fact]
    public async Task A_subresource_that_is_not_defined_is_not_found()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);

        var answer = (await _api.GetAsync(things + "/a/status")).Expect(404);

        Assert.Equal($"things.{group} \"a\" not found", answer.Message);
    }

    [Fact]
    public async Task Tables_have_the_columns_of_the_definition()
    {
        const string Columns = ""","additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"},{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status","priority":1}]""";
        var schema = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";
        var group = await Definitions.ThingsAsync(schema, Columns);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":2},"status":{"conditions":[{"type":"Other","status":"x"},{"type":"Ready","status":"True"}]}"""))).Expect(201);
        (await _api.PostAsync(things, Thing(group, "b"))).Expect(201);

        var table = (await _api.SendAsync("GET", things, null, "", ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"))).Expect(200);

        Assert.Equal(["Name", "Size", "Ready"], ((JsonArray)table["columnDefinitions"]!).Select(column => (string?)column!["name"]));
        Assert.Equal("""["a",2,"True"]""", table["rows/0/cells"]!.ToJsonString());
        Assert.Equal("""["b",null,null]""", table["rows/1/cells"]!.ToJsonString());
    }

    [Fact]
    public async Task Apply_merges_keyed_lists_by_their_keys_and_names_who_else_owns_an_item()
    {
        const string Listed =
            """{"type":"object","properties":{"spec":{"type":"object","properties":{"list":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"value":{"type":"string"}}}}}}}}""";
        var group = await Definitions.ThingsAsync(Listed);
        var things = await ThingsPathAsync(group);
        (await _api.ApplyAsync(things + "/a", Thing(group, "a", ""","spec":{"list":[{"name":"x","value":"1"}]}"""), "one")).Expect(201);

        var merged = (await _api.ApplyAsync(things + "/a", Thing(group, "a", ""","spec":{"list":[{"name":"y","value":"2"}]}"""), "two")).Expect(200);
        var conflict = (await _api.ApplyAsync(things + "/a", Thing(group, "a", ""","spec":{"list":[{"name":"x","value":"3"}]}"""), "two")).Expect(409);

        Assert.Equal("""[{"name":"x","value":"1"},{"name":"y","value":"2"}]""", merged["spec/list"]!.ToJsonString());
        Assert.Equal(""".spec.list[name="x"].value""", conflict.String("details/causes/0/field"));
    }

    [Fact]
    public async Task Apply_with_a_field_that_the_schema_does_not_declare_is_refused()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);

        var refused = await _api.ApplyAsync(things + "/a", Thing(group, "a", ""","spec":{"other":1}"""));

        Assert.Contains(".spec.other: field not declared in schema", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"list":[{"name":"x"},{"name":"x"}]}""", "spec.list[1]")]
    [InlineData("""{"set":["a","a"]}""", "spec.set[1]")]
    public async Task Keys_and_members_of_sets_must_be_there_only_once(string spec, string field)
    {
        const string Lists =
            """{"type":"object","properties":{"spec":{"type":"object","properties":{"set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},"list":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}}}}}}""";
        var group = await Definitions.ThingsAsync(Lists);
        var things = await ThingsPathAsync(group);

        var refused = (await _api.PostAsync(things, Thing(group, "a", ",\"spec\":" + spec))).Expect(422);

        Assert.Equal(field, refused.String("details/causes/0/field"));
        Assert.Equal("FieldValueDuplicate", refused.String("details/causes/0/reason"));
    }

    [Fact]
    public async Task An_object_can_be_read_and_written_in_every_served_version()
    {
        var group = NewGroup();
        await Definitions.MakeAsync(group, Document(group,
            Version("""{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}""", "v1beta1", storage: false, ""","deprecated":true""")
            + "," + Version("""{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"},"color":{"type":"string"}}}}}""")));
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"size":2,"color":"red"}"""))).Expect(201);

        var old = (await _api.GetAsync(things.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal) + "/a")).Expect(200);

        Assert.Equal($"{group}/v1beta1", old.String("apiVersion"));
        Assert.Equal("""{"size":2}""", old["spec"]!.ToJsonString());
        Assert.Contains($"{group}/v1beta1 Thing is deprecated; use {group}/v1 Thing", Assert.Single(old.Warnings), StringComparison.Ordinal);
        (await _api.PostAsync(things.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal), Thing(group, "b", ""","spec":{"size":4}""", "v1beta1"))).Expect(201);
        Assert.Equal($"{group}/v1", (await _api.GetAsync(things + "/b")).Expect(200).String("apiVersion"));
    }

    [Fact]
    public async Task A_document_of_another_version_than_its_path_is_refused()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);

        var refused = (await _api.PostAsync(things, Thing(group, "a", version: "v2"))).Expect(400);

        Assert.Equal($"the API version in the data ({group}/v2) does not match the expected API version ({group}/v1)", refused.Message);
    }

    [Fact]
    public async Task Objects_can_be_selected_by_the_fields_that_the_definition_names()
    {
        var group = await Definitions.ThingsAsync(Sized, ""","selectableFields":[{"jsonPath":".spec.color"},{"jsonPath":".spec.size"}]""");
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", ""","spec":{"color":"red","size":1}"""))).Expect(201);
        (await _api.PostAsync(things, Thing(group, "b", ""","spec":{"color":"green","size":1}"""))).Expect(201);

        Assert.Equal("b", (await _api.GetAsync(things + "?fieldSelector=spec.color%3Dgreen,spec.size%3D1")).Expect(200).String("items/0/metadata/name"));
        Assert.Equal("field label not supported: spec.other", (await _api.GetAsync(things + "?fieldSelector=spec.other%3D1")).Expect(400).Message);
    }

    [Fact]
    public async Task There_is_neither_a_protobuf_form_nor_a_strategic_merge()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a"))).Expect(201);

        (await _api.SendAsync("GET", things + "/a", null, "", ("Accept", "application/vnd.kubernetes.protobuf"))).Expect(406);
        var refused = (await _api.SendAsync("PATCH", things + "/a", "{}", "application/strategic-merge-patch+json")).Expect(415);

        Assert.Contains("application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_must_say_upon_which_version_of_the_object_it_builds()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a"))).Expect(201);

        var refused = (await _api.PutAsync(things + "/a", Thing(group, "a"))).Expect(422);

        Assert.Equal("metadata.resourceVersion", refused.String("details/causes/0/field"));
    }

    [Fact]
    public async Task A_definition_that_goes_takes_its_objects_with_it_and_lets_nothing_new_come()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a", metadata: ",\"finalizers\":[\"example.com/wait\"]"))).Expect(201);
        (await _api.PostAsync(things, Thing(group, "b"))).Expect(201);

        var marked = (await _api.DeleteAsync($"{Definitions.Path}/things.{group}")).Expect(200);
        Assert.Equal("InstanceDeletionPending", Condition(marked, "Terminating", "reason"));
        Assert.Contains("customresourcecleanup.apiextensions.k8s.io", marked["metadata/finalizers"]!.ToJsonString(), StringComparison.Ordinal);
        await _api.UntilAsync(() => _api.GetAsync(things + "/b"), answer => answer.Code == 404);
        Assert.Equal("create not allowed while custom resource definition is terminating", (await _api.PostAsync(things, Thing(group, "c"))).Expect(405).Message);

        (await _api.MergeAsync(things + "/a", """{"metadata":{"finalizers":null}}""")).Expect(200);
        await _api.UntilAsync(() => _api.GetAsync($"{Definitions.Path}/things.{group}"), answer => answer.Code == 404);
        await _api.UntilAsync(() => _api.GetAsync(things), answer => answer is { Code: 404, Text: "404 page not found\n" });
    }

    [Fact]
    public async Task Watches_of_a_resource_end_when_its_definition_goes()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a"))).Expect(201);
        using var watch = await _api.Http.GetAsync(things + "?watch=1", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await watch.Content.ReadAsStreamAsync(Cancellation));
        Assert.Contains("\"ADDED\"", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);

        (await _api.DeleteAsync($"{Definitions.Path}/things.{group}")).Expect(200);

        Assert.Contains("\"DELETED\"", await reader.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync(Cancellation));
    }

    [Fact]
    public async Task Discovery_and_OpenAPI_know_a_custom_kind_as_long_as_it_is_served()
    {
        var group = await Definitions.ThingsAsync(Sized, names: ""","shortNames":["th"],"categories":["all"]""");
        var definition = $"{string.Join('.', group.Split('.').Reverse())}.v1.Thing";

        var resources = (await _api.GetAsync($"/apis/{group}/v1")).Expect(200);
        Assert.Equal("""["th"]""", resources["resources/0/shortNames"]!.ToJsonString());
        var aggregated = await _api.SendAsync("GET", "/apis", null, "", ("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"));
        Assert.Contains(group, aggregated.Expect(200).Text, StringComparison.Ordinal);
        var v3 = (await _api.GetAsync($"/openapi/v3/apis/{group}/v1")).Expect(200);
        Assert.Equal(3, (int)v3.Json["components"]!["schemas"]![definition]!["properties"]!["spec"]!["properties"]!["size"]!["default"]!);
        var v2 = (await _api.GetAsync("/openapi/v2")).Expect(200);
        Assert.NotNull(v2.Json["definitions"]![definition]!["properties"]!["spec"]);
        Assert.NotNull(v2.Json["paths"]![$"/apis/{group}/v1/namespaces/{{namespace}}/things/{{name}}"]!["patch"]);
        await _api.UntilAsync(() => _api.GetAsync($"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}"), answer => answer.Code == 200);

        (await _api.DeleteAsync($"{Definitions.Path}/things.{group}")).Expect(200);
        await _api.UntilAsync(() => _api.GetAsync($"/apis/{group}"), answer => answer.Code == 404);
        Assert.DoesNotContain(definition, (await _api.GetAsync("/openapi/v2")).Expect(200).Text, StringComparison.Ordinal);
        await _api.UntilAsync(() => _api.GetAsync($"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}"), answer => answer.Code == 404);
    }

    [Fact]
    public async Task Controllers_in_the_process_see_custom_resources_among_what_is_served()
    {
        var group = await Definitions.ThingsAsync(Sized);
        var things = await ThingsPathAsync(group);
        (await _api.PostAsync(things, Thing(group, "a"))).Expect(201);
        var client = fixture.Cluster.Admin;
        var resource = new GroupVersionResource(group, "v1", "things");

        Assert.Contains(await client.ServerResourcesAsync(Cancellation), served => served.Resource == resource && served.Namespaced);
        var found = await client.FindPartialAsync(resource, new(things.Split('/')[5], "a"), Cancellation);
        Assert.Equal("a", found?.Metadata.Name);
    }
}
