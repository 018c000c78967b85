using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests.Protobuf;

public sealed class ProtobufCodecTests
{
    public static TheoryData<string> Kinds =>
        [.. CodecTable.All.Where(c => c.HasProtobuf).Select(c => c.Schema.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_document_with_every_field_set_survives_the_way_through_protobuf(string definition)
    {
        var schema = SchemaType.Find(definition)!;
        var codec = CodecTable.Find(schema.GroupVersionKind)!;
        var json = SampleDocument.Of(schema).ToJsonString(TestJson.Options);

        var first = Message(codec, codec.ReadJson(Encoding.UTF8.GetBytes(json), null));
        var read = codec.ReadProtobuf(first);

        Assert.Equal(json, JsonNode.Parse(codec.ToJson(read))!.ToJsonString(TestJson.Options));
        Assert.Equal(first, Message(codec, read));
    }

    [Fact]
    public void A_small_object_has_upstreams_bytes()
    {
        var map = new ConfigMap
        {
            Metadata = new() { Name = "a", Labels = new Dictionary<string, string> { ["y"] = "", ["x"] = "1" }.ToApiMap() },
            Data = ApiMap.Of("k", "v"),
            Immutable = false,
        };

        // ObjectMeta: 1 name, 2 generateName, 3 namespace, 4 selfLink, 5 uid, 6 resourceVersion, 7 generation,
        // 8 creationTimestamp (an empty message), 11 labels sorted by key; pointers and empty lists are left out.
        const string Metadata = "0a0161" + "1200" + "1a00" + "2200" + "2a00" + "3200" + "3800" + "4200" + "5a06" + "0a0178" + "120131"
            + "5a05" + "0a0179" + "1200";
        const string Message = "0a20" + Metadata + "1206" + "0a016b" + "120176" + "2000";
        const string Type = "0a0f" + "0a02" + "7631" + "1209" + "436f6e6669674d6170";
        Assert.Equal(Message, Hex(ProtobufCodecTests.Message(ConfigMap.Codec, map)));
        Assert.Equal("6b387300" + Type + "122c" + Message + "1a00" + "2200", Hex(ProtobufEnvelope.ToBytes(ConfigMap.Codec, map)));
    }

    [Fact]
    public void An_embedded_struct_is_a_nested_message_that_is_always_there()
    {
        // Volume: 1 name, 2 volumeSource. HTTPGetAction within Probe: 1 handler { 2 httpGet }, port is intOrString with all three fields.
        var pod = new PodSpec { Volumes = [new() { Name = "v" }] };
        Assert.Contains("0a05" + "0a0176" + "1200", Hex(Message(Pod.Codec, new Pod { Spec = pod })), StringComparison.Ordinal);

        var probe = new Probe { HttpGet = new() { Port = 80 }, PeriodSeconds = -1 };
        var container = new Container { LivenessProbe = probe };
        const string Port = "1206" + "0800" + "1050" + "1a00";
        const string Get = "120e" + "0a00" + Port + "1a00" + "2200";
        const string Handler = "0a10" + Get;
        const string Rest = "1000" + "1800" + "20ffffffffffffffffff01" + "2800" + "3000";
        Assert.Contains(
            Handler + Rest, Hex(Message(Pod.Codec, new Pod { Spec = new() { Containers = [container] } })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_is_a_message_of_its_own_holds_its_items_in_field_1()
    {
        var review = new Authentication.V1.TokenReview
        {
            Status = new() { User = new() { Extra = ApiMap.Of<ApiList<string>>("s", ["a", "b"]) } },
        };
        Assert.Contains(
            "220b" + "0a0173" + "1206" + "0a0161" + "0a0162", Hex(Message(Authentication.V1.TokenReview.Codec, review)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_envelope_is_opened_without_looking_into_the_message()
    {
        var bytes = ProtobufEnvelope.ToBytes(Namespace.Codec, new Namespace { Metadata = new() { Name = "n" } });
        var document = ProtobufEnvelope.Read(bytes);
        Assert.True(document.TryGetKind(out var kind));
        Assert.Equal(Namespace.ResourceKind, kind);
        Assert.Equal("n", ((Namespace)Namespace.Codec.ReadProtobuf(document.Message.Span)).Metadata.Name);
        Assert.True(ProtobufEnvelope.IsEnvelope(bytes));
        Assert.False(ProtobufEnvelope.IsEnvelope("{}"u8));
    }

    [Theory]
    [InlineData("0a", "unexpected EOF")]
    [InlineData("0a05", "unexpected EOF")]
    [InlineData("ffffffffffffffffffffff", "proto: integer overflow")]
    [InlineData("0affffffffffffffff7f", "proto: negative length found during unmarshaling")]
    [InlineData("07", "proto: illegal tag 0 (wire type 7)")]
    [InlineData("7e", "proto: illegal wireType 6")]
    public void Bytes_that_are_no_message_are_refused(string hex, string expected) =>
        Assert.Equal(expected, Assert.Throws<DecodeException>(() => Pod.Codec.ReadProtobuf(Convert.FromHexString(hex))).Message);

    [Fact]
    public void Unknown_fields_are_skipped_whatever_their_form()
    {
        // Field 100 as varint, fixed64, bytes, group and fixed32, then metadata { name: "a" }.
        var hex = "a00605" + "a1060102030405060708" + "a2060161" + "a306080aa406" + "a50601020304" + "0a030a0161";
        Assert.Equal("a", ((Pod)Pod.Codec.ReadProtobuf(Convert.FromHexString(hex))).Metadata.Name);
    }

    [Fact]
    public void A_message_that_contains_itself_too_deeply_is_refused()
    {
        var bytes = Array.Empty<byte>();
        for (var i = 0; i < 2000; i++)
            bytes = [0xe2, 0x01, .. Length(bytes.Length), .. bytes];   // JSONSchemaProps.not is field 28
        Assert.Throws<DecodeException>(() => ApiExtensions.V1.CustomResourceDefinition.Codec.ReadProtobuf(Wrap(bytes)));

        // A definition's spec (2), versions (7), schema (4), openAPIV3Schema (1).
        static byte[] Wrap(byte[] schema) => Field(0x12, Field(0x3a, Field(0x22, Field(0x0a, schema))));
    }

    private static byte[] Field(byte tag, byte[] content) => [tag, .. Length(content.Length), .. content];

    private static List<byte> Length(int length)
    {
        var result = new List<byte>();
        for (; length >= 0x80; length >>= 7)
            result.Add((byte)(length | 0x80));
        result.Add((byte)length);
        return result;
    }

    private static byte[] Message(ObjectCodec codec, IKubernetesObject value)
    {
        var output = new ArrayBufferWriter<byte>();
        codec.WriteProtobuf(output, value);
        return output.WrittenSpan.ToArray();
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
