using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Coxswain.ApiServer.Tests.OpenApi;

/// <summary>The protobuf forms, read back by tables of gnostic's messages that know nothing of the writer.</summary>
public sealed class ProtobufTests
{
    // Field number -> name and message: a name alone is a text, "[]" a list, "any" YAML, "named" a list of entries with names.
    private static readonly Dictionary<string, Dictionary<int, (string Name, string Type)>> Messages = new()
    {
        ["v2"] = new() { [1] = ("swagger", "text"), [2] = ("info", "v2.info"), [8] = ("paths", "v2.paths"), [9] = ("definitions", "v2.schemas"), [10] = ("parameters", "v2.parameters"), [12] = ("security", "[]v2.security"), [13] = ("securityDefinitions", "v2.keys") },
        ["v2.info"] = new() { [1] = ("title", "text"), [2] = ("version", "text") },
        ["v2.paths"] = new() { [2] = ("", "named v2.path") },
        ["v2.path"] = new() { [2] = ("get", "v2.operation"), [3] = ("put", "v2.operation"), [4] = ("post", "v2.operation"), [5] = ("delete", "v2.operation"), [6] = ("options", "v2.operation"), [7] = ("head", "v2.operation"), [8] = ("patch", "v2.operation"), [9] = ("parameters", "[]v2.item") },
        ["v2.operation"] = new() { [1] = ("tags", "[]text"), [3] = ("description", "text"), [5] = ("operationId", "text"), [6] = ("produces", "[]text"), [7] = ("consumes", "[]text"), [8] = ("parameters", "[]v2.item"), [9] = ("responses", "v2.responses"), [10] = ("schemes", "[]text"), [13] = ("", "named any") },
        ["v2.item"] = new() { [1] = ("", "v2.parameter"), [2] = ("", "v2.reference") },
        ["v2.reference"] = new() { [1] = ("$ref", "text") },
        ["v2.parameters"] = new() { [1] = ("", "named v2.parameter") },
        ["v2.parameter"] = new() { [1] = ("", "v2.body"), [2] = ("", "v2.other") },
        ["v2.body"] = new() { [2] = ("name", "text"), [3] = ("in", "text"), [4] = ("required", "flag"), [5] = ("schema", "v2.schema") },
        ["v2.other"] = new() { [3] = ("", "v2.query"), [4] = ("", "v2.inPath") },
        ["v2.query"] = new() { [1] = ("required", "flag"), [2] = ("in", "text"), [3] = ("description", "text"), [4] = ("name", "text"), [6] = ("type", "text"), [20] = ("uniqueItems", "flag") },
        ["v2.inPath"] = new() { [1] = ("required", "flag"), [2] = ("in", "text"), [3] = ("description", "text"), [4] = ("name", "text"), [5] = ("type", "text"), [19] = ("uniqueItems", "flag") },
        ["v2.responses"] = new() { [1] = ("", "named v2.responseOrReference") },
        ["v2.responseOrReference"] = new() { [1] = ("", "v2.response") },
        ["v2.response"] = new() { [1] = ("description", "text"), [2] = ("schema", "v2.schemaItem") },
        ["v2.schemaItem"] = new() { [1] = ("", "v2.schema") },
        ["v2.schemas"] = new() { [1] = ("", "named v2.schema") },
        ["v2.schema"] = new() { [1] = ("$ref", "text"), [2] = ("format", "text"), [4] = ("description", "text"), [19] = ("required", "[]text"), [20] = ("enum", "[]any"), [21] = ("additionalProperties", "v2.schemaItem"), [22] = ("", "v2.type"), [23] = ("items", "v2.schemaItem"), [25] = ("properties", "v2.schemas"), [31] = ("", "named any") },
        ["v2.type"] = new() { [1] = ("type", "text") },
        ["v2.security"] = new() { [1] = ("", "named v2.scopes") },
        ["v2.scopes"] = new() { [1] = ("", "text") },
        ["v2.keys"] = new() { [1] = ("", "named v2.keyItem") },
        ["v2.keyItem"] = new() { [2] = ("", "v2.key") },
        ["v2.key"] = new() { [1] = ("type", "text"), [2] = ("name", "text"), [3] = ("in", "text"), [4] = ("description", "text") },
        ["v3"] = new() { [1] = ("openapi", "text"), [2] = ("info", "v3.info"), [4] = ("paths", "v3.paths"), [5] = ("components", "v3.components") },
        ["v3.info"] = new() { [1] = ("title", "text"), [6] = ("version", "text") },
        ["v3.paths"] = new() { [1] = ("", "named v3.path") },
        ["v3.path"] = new() { [4] = ("get", "v3.operation"), [5] = ("put", "v3.operation"), [6] = ("post", "v3.operation"), [7] = ("delete", "v3.operation"), [8] = ("options", "v3.operation"), [9] = ("head", "v3.operation"), [10] = ("patch", "v3.operation"), [13] = ("parameters", "[]v3.parameterOrReference") },
        ["v3.operation"] = new() { [1] = ("tags", "[]text"), [3] = ("description", "text"), [5] = ("operationId", "text"), [6] = ("parameters", "[]v3.parameterOrReference"), [7] = ("requestBody", "v3.bodyOrReference"), [8] = ("responses", "v3.responses"), [13] = ("", "named any") },
        ["v3.parameterOrReference"] = new() { [1] = ("", "v3.parameter") },
        ["v3.parameter"] = new() { [1] = ("name", "text"), [2] = ("in", "text"), [3] = ("description", "text"), [4] = ("required", "flag"), [10] = ("schema", "v3.either") },
        ["v3.bodyOrReference"] = new() { [1] = ("", "v3.body") },
        ["v3.body"] = new() { [2] = ("content", "v3.mediaTypes"), [3] = ("required", "flag") },
        ["v3.mediaTypes"] = new() { [1] = ("", "named v3.mediaType") },
        ["v3.mediaType"] = new() { [1] = ("schema", "v3.either") },
        ["v3.responses"] = new() { [2] = ("", "named v3.responseOrReference") },
        ["v3.responseOrReference"] = new() { [1] = ("", "v3.response") },
        ["v3.response"] = new() { [1] = ("description", "text"), [3] = ("content", "v3.mediaTypes") },
        ["v3.components"] = new() { [1] = ("schemas", "v3.schemas"), [7] = ("securitySchemes", "v3.schemes") },
        ["v3.schemes"] = new() { [1] = ("", "named v3.schemeOrReference") },
        ["v3.schemeOrReference"] = new() { [1] = ("", "v3.scheme") },
        ["v3.scheme"] = new() { [1] = ("type", "text"), [2] = ("description", "text"), [3] = ("name", "text"), [4] = ("in", "text") },
        ["v3.schemas"] = new() { [1] = ("", "named v3.either") },
        ["v3.either"] = new() { [1] = ("", "v3.schema"), [2] = ("", "v3.reference") },
        ["v3.reference"] = new() { [1] = ("$ref", "text") },
        ["v3.schema"] = new() { [20] = ("uniqueItems", "flag"), [23] = ("required", "[]text"), [24] = ("enum", "[]any"), [25] = ("type", "text"), [26] = ("allOf", "[]v3.either"), [27] = ("oneOf", "[]v3.either"), [30] = ("items", "v3.itemsItem"), [31] = ("properties", "v3.schemas"), [32] = ("additionalProperties", "v3.itemsItem"), [33] = ("default", "v3.default"), [34] = ("description", "text"), [35] = ("format", "text"), [36] = ("", "named any") },
        ["v3.itemsItem"] = new() { [1] = ("", "v3.either") },
        ["v3.default"] = new() { [1] = ("", "double"), [2] = ("", "flag"), [3] = ("", "text") },
    };

    [Fact]
    public void The_protobuf_form_of_version_2_says_what_the_JSON_form_says() =>
        AssertSame(JsonNode.Parse(Documents.BuiltIn.V2.Json.Unpack())!, Read("v2", Documents.BuiltIn.V2.Protobuf.Unpack()));

    [Fact]
    public void The_protobuf_form_of_version_3_says_what_the_JSON_form_says_but_for_defaults_that_are_objects()
    {
        foreach (var path in Documents.BuiltIn.Paths)
        {
            var document = Documents.BuiltIn.Find(path)!;
            AssertSame(WithoutObjectDefaults(JsonNode.Parse(document.Json.Unpack())!)!, Read("v3", document.Protobuf.Unpack()));
        }
    }

    private static void AssertSame(JsonNode expected, JsonNode? found)
    {
        if (!JsonNode.DeepEquals(expected, found))
            Assert.Equal(Sorted(expected)!.ToJsonString(), Sorted(found)!.ToJsonString());
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject value => new JsonObject(value.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static JsonNode? WithoutObjectDefaults(JsonNode? node)
    {
        if (node is JsonObject value)
        {
            // A field of this name has a schema, which is not empty.
            if (value["default"] is JsonObject { Count: 0 })
                value.Remove("default");
            foreach (var member in value)
                WithoutObjectDefaults(member.Value);
        }
        else if (node is JsonArray list)
        {
            foreach (var item in list)
                WithoutObjectDefaults(item);
        }

        return node;
    }

    private static JsonNode? Read(string message, ReadOnlySpan<byte> bytes)
    {
        var result = new JsonObject();
        JsonNode? alone = null;
        var fields = Messages[message];
        var at = 0;
        while (at < bytes.Length)
        {
            var tag = Number(bytes, ref at);
            Assert.True(fields.TryGetValue((int)(tag >> 3), out var field), $"{message} has no field {tag >> 3}");
            ReadOnlySpan<byte> value = default;
            ulong number = 0;
            switch (tag & 7)
            {
                case 0:
                    number = Number(bytes, ref at);
                    break;
                case 1:
                    value = bytes.Slice(at, 8);
                    at += 8;
                    break;
                default:
                    var length = (int)Number(bytes, ref at);
                    value = bytes.Slice(at, length);
                    at += length;
                    break;
            }

            if (field.Type.StartsWith("named ", StringComparison.Ordinal))
            {
                var (name, inner) = Entry(value);
                result[name] = One(field.Type[6..], inner, 0);
            }
            else if (field.Type.StartsWith("[]", StringComparison.Ordinal))
            {
                if (result[field.Name] is not JsonArray list)
                    result[field.Name] = list = [];
                list.Add(One(field.Type[2..], value, number));
            }
            else if (field.Name.Length > 0)
            {
                result[field.Name] = One(field.Type, value, number);
            }
            else if (One(field.Type, value, number) is JsonObject merged)
            {
                foreach (var member in merged.ToList())
                {
                    merged.Remove(member.Key);
                    result[member.Key] = member.Value;
                }
            }
            else
            {
                alone = One(field.Type, value, number);
            }
        }

        // No scopes is an empty list in JSON, and a choice of scalars is the scalar.
        return message == "v2.scopes" ? new JsonArray() : alone ?? result;
    }

    private static JsonNode? One(string type, ReadOnlySpan<byte> value, ulong number) => type switch
    {
        "text" => JsonValue.Create(Encoding.UTF8.GetString(value)),
        "flag" => JsonValue.Create(number == 1),
        "double" => JsonValue.Create((long)BinaryPrimitives.ReadDoubleLittleEndian(value)),
        "any" => Yaml(value),
        _ => Read(type, value),
    };

    private static JsonNode? Yaml(ReadOnlySpan<byte> any)
    {
        var at = 0;
        Assert.Equal((2 << 3) | 2, (int)Number(any, ref at));
        var length = (int)Number(any, ref at);
        Assert.Equal(any.Length, at + length);
        return JsonNode.Parse(any.Slice(at, length));
    }

    private static (string Name, byte[] Value) Entry(ReadOnlySpan<byte> entry)
    {
        var at = 0;
        Assert.Equal((1 << 3) | 2, (int)Number(entry, ref at));
        var length = (int)Number(entry, ref at);
        var name = Encoding.UTF8.GetString(entry.Slice(at, length));
        at += length;
        Assert.Equal((2 << 3) | 2, (int)Number(entry, ref at));
        length = (int)Number(entry, ref at);
        return (name, entry.Slice(at, length).ToArray());
    }

    private static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
