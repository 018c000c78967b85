using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.Api.Tests.ServerSideApply;

public sealed class ManagedFieldsManagerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ObjectCodec ConfigMaps = ConfigMap.Descriptor.Codec;
    private static readonly ObjectCodec Deployments = Apps.V1.Deployment.Descriptor.Codec;

    private static FieldWrite By(string manager, int minutes = 0, string subresource = "") =>
        new() { Manager = manager, Time = Noon.AddMinutes(minutes), Subresource = subresource };

    private static Stored Apply(ObjectCodec codec, Stored live, string manager, string configuration, bool force = false, int minutes = 0)
    {
        var result = ManagedFieldsManager.For(codec).Apply(live.Bytes, Encoding.UTF8.GetBytes(configuration), live.Entries, force, By(manager, minutes));
        return new(Encoding.UTF8.GetString(codec.ToJson(codec.ReadJson(result.Json.Span, null))), result.ManagedFields);
    }

    private static Stored Update(ObjectCodec codec, Stored live, string manager, string updated, ApiList<ManagedFieldsEntry> sent = default, FieldWrite? write = null)
    {
        var json = codec.ToJson(codec.ReadJson(Encoding.UTF8.GetBytes(updated), null));
        return new(Encoding.UTF8.GetString(json), ManagedFieldsManager.For(codec).Update(live.Bytes, json, live.Entries, sent, write ?? By(manager)));
    }

    private static string Map(string data) => $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{{data}}}""";

    [Fact]
    public void A_create_owns_all_it_sets_but_identity() => Assert.Equal(
        """exchange Update {"f:data":{".":{},"f:x":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}""",
        Update(ConfigMaps, Stored.None, "exchange",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","uid":"u","labels":{"l":"1"}},"data":{"x":"1"}}""").Owners);

    [Fact]
    public void A_created_workload_owns_items_by_key_and_no_lists_that_always_stand() => Assert.Equal(
        """c Update {"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"one\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},"f:resources":{}}},"f:securityContext":{}}}}}""",
        Update(Deployments, Stored.None, "c",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"one","image":"i","ports":[{"containerPort":80}]}],"securityContext":{}}}}}""").Owners);

    [Fact]
    public void An_update_takes_changed_fields_from_others_and_forgets_removed_ones()
    {
        var first = Update(ConfigMaps, Stored.None, "one", Map("""{"x":"1","y":"1","z":"1"}"""));
        var second = Update(ConfigMaps, first, "two", Map("""{"x":"2","y":"1"}"""));
        Assert.Equal("""
            one Update {"f:data":{".":{},"f:y":{}}}
            two Update {"f:data":{"f:x":{}}}
            """, second.Owners);
    }

    [Fact]
    public void Status_is_owned_by_its_subresource_alone()
    {
        const string before = """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":1},"status":{"replicas":1}}""";
        var created = Update(Deployments, Stored.None, "k", before, write: By("k") with { Ignored = FieldSet.OfFields("status") });
        Assert.DoesNotContain("f:status", created.Owners, StringComparison.Ordinal);
        var status = Update(Deployments, created, "c", before.Replace("\"status\":{\"replicas\":1", "\"status\":{\"replicas\":2", StringComparison.Ordinal),
            write: By("c", subresource: "status") with { Ignored = FieldSet.OfFields("spec") });
        Assert.Contains("""c Update/status {"f:status":{"f:replicas":{}}}""", status.Owners, StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_that_is_not_tracked_stays_so_on_update_and_belongs_to_the_past_on_apply()
    {
        var live = new Stored(Map("""{"x":"1","y":"1"}"""), default);
        Assert.Empty(Update(ConfigMaps, live, "one", Map("""{"x":"2"}""")).Entries);
        var conflict = Assert.Throws<ApiException>(() => Apply(ConfigMaps, live, "one", Map("""{"x":"2"}""")));
        Assert.Equal("""Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x""", conflict.Message);
        Assert.Equal("""
            one Apply {"f:data":{"f:x":{}}}
            before-first-apply Update {"f:data":{".":{},"f:y":{}}}
            """, Apply(ConfigMaps, live, "one", Map("""{"x":"2"}"""), force: true).Owners);
    }

    [Fact]
    public void Sent_entries_count_and_a_single_empty_one_resets()
    {
        var first = Update(ConfigMaps, Stored.None, "one", Map("""{"x":"1"}"""));
        Assert.Empty(Update(ConfigMaps, first, "two", Map("""{"x":"1"}"""), [ManagedFieldsEntry.Empty]).Entries);
        var renamed = first.Entries[0] with { Manager = "renamed" };
        Assert.StartsWith("renamed ", Update(ConfigMaps, first, "two", Map("""{"x":"1"}"""), [renamed]).Owners, StringComparison.Ordinal);
        var broken = first.Entries[0] with { FieldsType = "X" };
        Assert.StartsWith("one ", Update(ConfigMaps, first, "two", Map("""{"x":"1"}"""), [broken]).Owners, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_are_shared_taken_by_force_given_up_and_removed()
    {
        var one = Apply(ConfigMaps, Stored.None, "one", Map("""{"x":"1","y":"1"}"""));
        Assert.Equal("""one Apply {"f:data":{"f:x":{},"f:y":{}}}""", one.Owners);

        var shared = Apply(ConfigMaps, one, "two", Map("""{"x":"1"}"""));
        Assert.Equal("""
            one Apply {"f:data":{"f:x":{},"f:y":{}}}
            two Apply {"f:data":{"f:x":{}}}
            """, shared.Owners);

        var conflict = Assert.Throws<ApiException>(() => Apply(ConfigMaps, shared, "two", Map("""{"x":"2"}""")));
        Assert.Equal(409, conflict.Code);
        Assert.Equal("""Apply failed with 1 conflict: conflict with "one": .data.x""", conflict.Message);
        Assert.Equal([new() { Reason = "FieldManagerConflict", Message = "conflict with \"one\"", Field = ".data.x" }], conflict.Status.Details!.Causes);

        var forced = Apply(ConfigMaps, shared, "two", Map("""{"x":"2"}"""), force: true);
        Assert.Equal("""{"x":"2","y":"1"}""", forced.Part("data"));
        Assert.Equal("""
            one Apply {"f:data":{"f:y":{}}}
            two Apply {"f:data":{"f:x":{}}}
            """, forced.Owners);

        var emptied = Apply(ConfigMaps, forced, "one", Map("{}"));
        Assert.Equal("""{"x":"2"}""", emptied.Part("data"));
        Assert.Equal("""two Apply {"f:data":{"f:x":{}}}""", emptied.Owners);
    }

    [Fact]
    public void Conflicts_with_several_are_listed_by_manager()
    {
        var live = Update(ConfigMaps, Apply(ConfigMaps, Stored.None, "two", Map("""{"x":"2"}""")), "exchange", Map("""{"x":"2","m":"1"}"""));
        var conflict = Assert.Throws<ApiException>(() => Apply(ConfigMaps, live, "three", Map("""{"m":"2","x":"5","y":"6"}""")));
        Assert.Equal("Apply failed with 2 conflicts: conflicts with \"exchange\" using v1:\n- .data.m\nconflicts with \"two\":\n- .data.x", conflict.Message);
    }

    [Fact]
    public void Items_of_keyed_lists_come_and_go_with_their_owner()
    {
        const string head = """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[""";
        const string one = """{"name":"one","image":"i:1"}""";
        const string two = """{"name":"two","image":"i:2","ports":[{"containerPort":80,"name":"http"}],"env":[{"name":"A","value":"1"}]}""";
        var both = Apply(Deployments, Stored.None, "one", head + one + "," + two + "]}}}}");
        Assert.Equal(
            """one Apply {"f:spec":{"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"one\"}":{".":{},"f:image":{},"f:name":{}},"k:{\"name\":\"two\"}":{".":{},"f:env":{"k:{\"name\":\"A\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}}}}}}}}""",
            both.Owners);
        var less = Apply(Deployments, both, "one", head + one + "]}}}}");
        Assert.DoesNotContain("two", less.Json, StringComparison.Ordinal);
        Assert.Contains("i:1", less.Json, StringComparison.Ordinal);
    }

    [Fact]
    public void An_applied_item_that_others_extended_goes_but_their_own_items_stay()
    {
        const string configuration = """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80,"name":"a"}]}}""";
        var codec = Service.Descriptor.Codec;
        var applied = Apply(codec, Stored.None, "one", configuration);
        var updated = Update(codec, applied, "u", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"protocol":"TCP","name":"b"}]}}""");
        var changed = Apply(codec, updated, "one", configuration.Replace("80", "82", StringComparison.Ordinal).Replace("\"a\"", "\"c\"", StringComparison.Ordinal));
        Assert.Equal([81, 82], JsonNode.Parse(changed.Json)!["spec"]!["ports"]!.AsArray().Select(port => (int)port!["port"]!).Order());
    }

    [Fact]
    public void A_repeated_apply_keeps_the_time()
    {
        var first = Apply(ConfigMaps, Stored.None, "one", Map("""{"x":"1"}"""));
        Assert.Equal(Noon, first.Entries[0].Time);
        Assert.Equal(Noon, Apply(ConfigMaps, first, "one", Map("""{"x":"1"}"""), minutes: 5).Entries[0].Time);
        Assert.Equal(Noon.AddMinutes(5), Apply(ConfigMaps, first, "one", Map("""{"x":"2"}"""), minutes: 5).Entries[0].Time);
    }

    [Fact]
    public void Entries_that_differ_in_time_only_are_recognized()
    {
        var first = Apply(ConfigMaps, Stored.None, "one", Map("""{"x":"1"}"""));
        var later = first.Entries.SetItem(0, first.Entries[0] with { Time = Noon.AddDays(1) });
        Assert.True(ManagedFieldsManager.DifferInTimeOnly(first.Entries, later));
        Assert.False(ManagedFieldsManager.DifferInTimeOnly(first.Entries, later.SetItem(0, later[0] with { Manager = "two" })));
        Assert.False(ManagedFieldsManager.DifferInTimeOnly(first.Entries, default));
    }

    [Fact]
    public void Kubectl_takes_over_what_it_applied_in_the_old_way_and_keeps_its_annotation_in_step()
    {
        const string former = """{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"1\",\"y\":\"1\"}}""";
        var live = Update(ConfigMaps, Stored.None, "kubectl-client-side-apply",
            $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{{{former}}}"} },"data":{"x":"1","y":"1"} }""");
        var applied = Apply(ConfigMaps, live, "kubectl", Map("""{"x":"2"}"""));
        Assert.Equal("""{"x":"2","y":"1"}""", applied.Part("data"));
        Assert.Contains("\\\"x\\\":\\\"2\\\"", applied.Json, StringComparison.Ordinal);
        Assert.Throws<ApiException>(() => Apply(ConfigMaps, live, "other", Map("""{"x":"2"}""")));
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":[]}}""", 400, "metadata.managedFields must be nil")]
    [InlineData("""{"metadata":{"name":"a"}}""", 400, "Incorrect version specified in apply patch. Specified patch version: , expected: v1")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"unknown":1}""", 500,
        "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .unknown: field not declared in schema")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":[]}""", 500,
        "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data: expected map, got &value.valueUnstructured{Value:[]}")]
    public void A_bad_configuration_is_refused(string configuration, int code, string message)
    {
        var refused = Assert.Throws<ApiException>(() => Apply(ConfigMaps, Stored.None, "one", configuration));
        Assert.Equal(code, refused.Code);
        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void Items_of_one_key_are_refused() => Assert.Contains(
        ".spec.template.spec.containers: duplicate entries for key [name=\"one\"]",
        Assert.Throws<ApiException>(() => Apply(Deployments, Stored.None, "one",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"name":"one"},{"name":"one"}]}}}}""")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void The_oldest_updaters_share_one_entry()
    {
        var live = Stored.None;
        for (var i = 0; i < 12; i++)
        {
            var data = string.Join(',', Enumerable.Range(0, i + 1).Select(n => $"\"k{n}\":\"1\""));
            live = Update(ConfigMaps, live, $"m{i}", Map("{" + data + "}"), write: By($"m{i}", i));
        }

        Assert.Equal(10, live.Entries.Count);
        Assert.StartsWith("""ancient-changes Update {"f:data":{".":{},"f:k0":{},"f:k1":{},"f:k2":{}}}""", live.Owners, StringComparison.Ordinal);
    }

    [Fact]
    public void Merged_lists_keep_the_applied_order_with_live_items_in_their_places()
    {
        static string Pods(params string[] names) =>
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[""" + string.Join(',', names.Select(name => $"{{\"name\":\"{name}\"}}")) + "]}}";
        var codec = Pod.Descriptor.Codec;
        var live = Update(codec, Stored.None, "u", Pods("a", "b", "c", "d"));
        var applied = Apply(codec, live, "x", Pods("d", "b", "new"));
        Assert.Equal(["a", "c", "d", "b", "new"],
            JsonNode.Parse(applied.Json)!["spec"]!["containers"]!.AsArray().Select(item => (string)item!["name"]!));
    }

    private sealed record Stored(string Json, ApiList<ManagedFieldsEntry> Entries)
    {
        public static readonly Stored None = new("", default);

        public ReadOnlyMemory<byte> Bytes => Encoding.UTF8.GetBytes(Json);

        public string Owners => string.Join('\n', Entries.Select(e => $"{e.Manager} {e.Operation}{(e.Subresource.Length > 0 ? "/" + e.Subresource : "")} {e.FieldsV1}"));

        public string Part(string name) => JsonNode.Parse(Json)![name]?.ToJsonString() ?? "";
    }
}
