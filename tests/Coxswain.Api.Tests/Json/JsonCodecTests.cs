using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Api.Tests.Json;

public sealed class JsonCodecTests
{
    public static TheoryData<string> Kinds => [.. CodecTable.All.Select(c => c.Schema.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_document_with_every_field_set_is_written_as_it_was_read(string definition)
    {
        var schema = SchemaType.Find(definition)!;
        var codec = CodecTable.Find(schema.GroupVersionKind)!;
        var json = SampleDocument.Of(schema).ToJsonString(TestJson.Options);
        var report = new DecodeReport();

        var read = codec.ReadJson(Encoding.UTF8.GetBytes(json), report);

        Assert.Empty(report.Findings);
        Assert.Equal(json, JsonNode.Parse(codec.ToJson(read))!.ToJsonString(TestJson.Options));
        Assert.Equal(read, codec.ReadJson(codec.ToJson(read), null));
    }

    [Theory]
    [InlineData("""{"spec":{"foo":1}}""", "unknown field \"spec.foo\"")]
    [InlineData("""{"spec":{"containers":[{},{"foo":{"bar":[1,2]}}]}}""", "unknown field \"spec.containers[1].foo\"")]
    [InlineData("""{"metadata":{"name":"a","name":"b"}}""", "duplicate field \"metadata.name\"")]
    [InlineData("""{"metadata":{"labels":{"a.b":"1","a.b":"2"}}}""", "duplicate field \"metadata.labels.a.b\"")]
    [InlineData("""{"kind":"Pod","kind":"Pod"}""", "duplicate field \"kind\"")]
    [InlineData("""{"Spec":{}}""", "unknown field \"Spec\"")]
    public void The_report_names_what_a_strict_reader_refuses(string json, string expected)
    {
        var report = new DecodeReport();
        Pod.Codec.Read(Encoding.UTF8.GetBytes(json), report);
        Assert.Equal([expected], report.Findings);
        Assert.Equal("strict decoding error: " + expected, report.ToErrorMessage());
    }

    [Fact]
    public void Repeated_keys_of_maps_are_reported_between_the_other_findings()
    {
        const string Json = """{"x":1,"metadata":{"labels":{"b":"1","a":"2","b":"3"},"y":1,"annotations":{"c":"","c":"","d":"","d":""}},"z":1}""";
        var report = new DecodeReport();
        var read = Pod.Codec.Read(Encoding.UTF8.GetBytes(Json), report);
        Assert.Equal(
            [
                "unknown field \"x\"", "duplicate field \"metadata.labels.b\"", "unknown field \"metadata.y\"",
                "duplicate field \"metadata.annotations.c\"", "duplicate field \"metadata.annotations.d\"", "unknown field \"z\"",
            ],
            report.Findings);
        Assert.Equal("3", read.Metadata.Labels["b"]);
    }

    [Fact]
    public void The_report_lists_findings_in_document_order_each_once_and_at_most_a_hundred()
    {
        var report = new DecodeReport();
        var many = string.Join(',', Enumerable.Range(0, 300).Select(i => $"\"x{i}\":0"));
        Pod.Codec.Read(Encoding.UTF8.GetBytes("{\"b\":1,\"b\":2,\"spec\":{\"a\":1}," + many + "}"), report);
        Assert.Equal(100, report.Findings.Count);
        Assert.Equal(["unknown field \"b\"", "unknown field \"spec.a\"", "unknown field \"x0\""], report.Findings.Take(3));
    }

    [Theory]
    [InlineData("""{"metadata":{"labels":"a"}}""", "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string")]
    [InlineData("""{"metadata":{"labels":{"a":1}}}""", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string")]
    [InlineData("""{"metadata":[]}""", "json: cannot unmarshal array into Go struct field Pod.metadata of type v1.ObjectMeta")]
    [InlineData("""{"spec":{"containers":[{"env":[{"value":1}]}]}}""", "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string")]
    [InlineData("""{"spec":{"containers":["x"]}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container")]
    [InlineData("""{"spec":{"containers":{}}}""", "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container")]
    [InlineData("""{"spec":{"priority":1.5}}""", "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"priority":4294967296}}""", "json: cannot unmarshal number 4294967296 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"restartPolicy":true}}""", "json: cannot unmarshal bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy")]
    [InlineData("""{"spec":{"overhead":[]}}""", "json: cannot unmarshal array into Go struct field PodSpec.spec.overhead of type v1.ResourceList")]
    [InlineData("""{"metadata":{"creationTimestamp":5}}""", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string")]
    [InlineData("""{"apiVersion":5}""", "json: cannot unmarshal number into Go struct field Pod.apiVersion of type string")]
    [InlineData("[]", "json: cannot unmarshal array into Go value of type v1.Pod")]
    public void A_wrong_type_is_worded_as_upstream_does(string json, string expected) => Assert.Equal(expected, ErrorOf(json));

    [Theory]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{", "unexpected end of JSON input")]
    [InlineData("{\"a\"", "unexpected end of JSON input")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair")]
    [InlineData("{\"a\":[1 2]}", "invalid character '2' after array element")]
    [InlineData("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')")]
    [InlineData("{\"a\":-}", "invalid character '}' in numeric literal")]
    [InlineData("{\"a\":1.}", "invalid character '}' after decimal point in numeric literal")]
    [InlineData("{\"a\":\"\\x\"}", "invalid character 'x' in string escape code")]
    [InlineData("{\"a\":\"\n\"}", "invalid character '\\n' in string literal")]
    [InlineData("{} x", "invalid character 'x' after top-level value")]
    [InlineData("hello", "invalid character 'h' looking for beginning of value")]
    [InlineData("{\"metadata\":1, x", "invalid character 'x' looking for beginning of object key string")]
    public void Broken_text_is_worded_as_upstream_does(string json, string expected) => Assert.Equal(expected, ErrorOf(json));

    [Theory]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"")]
    [InlineData("""{"metadata":{"creationTimestamp":"2026-13-01T00:00:00Z"}}""", "parsing time \"2026-13-01T00:00:00Z\": month out of range")]
    [InlineData("""{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z1"}}""", "parsing time \"2026-01-01T00:00:00Z1\": extra text: \"1\"")]
    [InlineData("""{"spec":{"overhead":{"cpu":"much"}}}""", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("""{"spec":{"containers":[{"ports":[{"containerPort":"80"}]}]}}""", "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32")]
    public void A_value_of_the_wrong_form_is_worded_as_upstream_does(string json, string expected) => Assert.Equal(expected, ErrorOf(json));

    [Fact]
    public void Base64_that_is_none_says_where()
    {
        var error = Assert.Throws<DecodeException>(() => Secret.Codec.Read("""{"data":{"a":"ab-d"}}"""u8));
        Assert.Equal("illegal base64 data at input byte 2", error.Message);
    }

    [Fact]
    public void A_document_deeper_than_the_bound_is_refused()
    {
        var deep = "{\"x\":" + new string('[', 5000) + new string(']', 5000) + "}";
        Assert.Equal("exceeded max depth", ErrorOf(deep));
    }

    [Fact]
    public void Null_leaves_a_field_as_it_is_and_makes_an_item_zero()
    {
        var pod = Pod.Codec.Read("""{"metadata":null,"spec":{"containers":[null],"hostNetwork":null}}"""u8);
        Assert.Same(ObjectMeta.Empty, pod.Metadata);
        Assert.Equal([Container.Empty], pod.Spec.Containers);
    }

    [Fact]
    public void Half_a_surrogate_pair_and_broken_utf8_become_replacement_characters()
    {
        byte[] json = [.. "{\"metadata\":{\"name\":\"a\\ud800b\\ud83d\\ude00\",\"namespace\":\""u8, 0xff, .. "\"}}"u8];
        var pod = Pod.Codec.Read(json);
        Assert.Equal("a\ufffdb😀", pod.Metadata.Name);
        Assert.Equal("\ufffd", pod.Metadata.Namespace);
    }

    [Fact]
    public void Empty_values_are_left_out_and_structs_are_not()
    {
        Assert.Equal("""{"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":null},"spec":{"containers":null},"status":{}}""", Text(Pod.Empty));
        Assert.Equal("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"creationTimestamp":null}}""", Text(ConfigMap.Empty));
        Assert.Equal(
            """{"kind":"Event","apiVersion":"v1","metadata":{"creationTimestamp":null},"involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""}""",
            Text(Event.Empty));
    }

    [Fact]
    public void A_pointer_to_an_empty_value_is_written()
    {
        var pod = Pod.Empty with { Spec = new() { Containers = [], Priority = 0, RuntimeClassName = "" } };
        Assert.Equal(
            """{"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":null},"spec":{"containers":[],"priority":0,"runtimeClassName":""},"status":{}}""", Text(pod));
    }

    [Fact]
    public void A_template_without_a_creation_timestamp_says_null()
    {
        var template = PodTemplate.Empty with { Template = new() { Metadata = new() { Name = "t" } } };
        Assert.Contains("""
            "template":{"metadata":{"name":"t","creationTimestamp":null},
            """.Trim(), Text(template), StringComparison.Ordinal);
        Assert.Equal(template, PodTemplate.Codec.Read(Encoding.UTF8.GetBytes(Text(template))));
    }

    [Fact]
    public void The_stored_form_knows_no_list_without_items()
    {
        var pod = Pod.Empty with { Spec = new() { Containers = [] } };
        Assert.Contains("\"containers\":null", Encoding.UTF8.GetString(Pod.Codec.ToStoredJson(pod)), StringComparison.Ordinal);
        Assert.Contains("\"containers\":[]", Text(pod), StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_said_twice_in_what_has_several_forms_is_read_and_the_last_one_counts()
    {
        var definition = (Coxswain.Api.ApiExtensions.V1.CustomResourceDefinition)CodecTable.Find(Coxswain.Api.ApiExtensions.V1.CustomResourceDefinition.ResourceKind)!.ReadJson(
            """
            {"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object",
             "properties":{"a":{"items":{"type":"string","type":"integer"},"additionalProperties":{"type":"string","type":"number"}}}}}}]}}
            """u8, null);
        Assert.Contains("integer", Text(definition), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"data":{"a":"1"},"data":{"b":"2"}}""", """{"data":{"a":"1","b":"2"}}""")]
    [InlineData("""{"data":{"a":"1"},"data":null}""", """{}""")]
    [InlineData("""{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"labels":{"y":"2"}}}""", """{"metadata":{"name":"a","labels":{"x":"1","y":"2"}}}""")]
    [InlineData("""{"metadata":{"name":"a"},"metadata":null}""", """{"metadata":{"name":"a"}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"],"finalizers":["c"]}}""", """{"metadata":{"finalizers":["c"]}}""")]
    [InlineData(
        """{"metadata":{"ownerReferences":[{"name":"a","kind":"K"},{"name":"b"}],"ownerReferences":[{"name":"c"}]}}""",
        """{"metadata":{"ownerReferences":[{"name":"c","kind":"K"}]}}""")]
    [InlineData("""{"data":{"\ud800":"1"},"data":{"b":"2"}}""", """{"data":{"b":"2"}}""")]
    public void A_member_said_twice_is_read_into_what_the_first_left(string twice, string once)
    {
        var report = new DecodeReport();
        Assert.Equal(ConfigMap.Codec.Read(Encoding.UTF8.GetBytes(once)), ConfigMap.Codec.Read(Encoding.UTF8.GetBytes(twice), report));
        Assert.Contains(report.Findings, f => f.StartsWith("duplicate field", StringComparison.Ordinal));
    }

    private static string Text(IKubernetesObject value) => Encoding.UTF8.GetString(CodecTable.Find(value.GroupVersionKind)!.ToJson(value));

    private static string ErrorOf(string json) =>
        Assert.Throws<DecodeException>(() => Pod.Codec.Read(Encoding.UTF8.GetBytes(json), new DecodeReport())).Message;
}
