using System.Buffers;
using System.Text.Json;
using Coxswain.Api.Meta.V1;
using Coxswain.Api.ServerSideApply;

namespace Coxswain.Api.CustomResources;

/// <summary>Reads and writes the objects of one version of a custom kind. There is no protobuf form.</summary>
public sealed class CustomObjectCodec(GroupVersionKind kind, SchemaType type, CustomSchema? schema) : ObjectCodec<CustomObject>
{
    private const string NoProtobuf = "custom resources have no protobuf form";

    public override GroupVersionKind Kind => kind;

    public override SchemaType Schema => type;

    /// <summary>What is kept and filled in; null: everything is kept.</summary>
    public CustomSchema? Structure => schema;

    public override bool HasProtobuf => false;

    /// <summary>Reads a document, drops what the schema does not know and fills in its defaults. apiVersion and kind are those of the
    /// document, if it says them.</summary>
    public override CustomObject Read(ReadOnlySpan<byte> utf8, DecodeReport? report = null)
    {
        var root = Parse(utf8);
        return new(KindOf(root), MetadataOf(root, report), CustomDocument.Content(root, schema, defaults: true, report));
    }

    /// <summary>An object of another version in this one: apiVersion is this one's, and unknown members go.</summary>
    public CustomObject Convert(CustomObject other)
    {
        if (other.GroupVersionKind.Version == kind.Version)
            return other;
        var root = JsonElement.Parse(other.Content.Utf8, JsonLimits.Document);
        return new(other.GroupVersionKind with { Version = kind.Version }, other.Metadata, CustomDocument.Content(root, schema, defaults: false, null));
    }

    /// <summary>A value without what its schema does not know, which is reported.</summary>
    /// <exception cref="DecodeException">The metadata of an embedded object is none.</exception>
    public static void Prune(JsonElement value, CustomSchema schema, DecodeReport report) => CustomDocument.Prune(value, schema, report);

    /// <summary>A document in which nothing is set.</summary>
    public CustomObject Blank(ObjectMeta metadata) => new(kind, metadata, CustomObject.NoContent);

    public override void Write(Utf8JsonWriter writer, CustomObject value)
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, value.GroupVersionKind.ApiVersion);
        writer.WriteString("kind"u8, value.GroupVersionKind.Kind);
        writer.WritePropertyName("metadata"u8);
        ((IJsonModel)value.Metadata).WriteJson(writer);
        var reader = new Utf8JsonReader(value.Content.Utf8, new() { MaxDepth = JsonDecoder.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            writer.WritePropertyName(reader.GetString()!);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            writer.WriteRawValue(value.Content.Utf8[start..(int)reader.BytesConsumed], skipInputValidation: true);
        }

        writer.WriteEndObject();
    }

    public override IKubernetesObject ReadProtobuf(ReadOnlySpan<byte> message) => throw new NotSupportedException(NoProtobuf);

    internal override void WriteProtobuf(IBufferWriter<byte> output, IKubernetesObject value, ProtobufFinisher? finish) =>
        throw new NotSupportedException(NoProtobuf);

    /// <exception cref="DecodeException">The text is no JSON object.</exception>
    private static JsonElement Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var root = JsonLimits.Parse(utf8);
            return root.ValueKind == JsonValueKind.Object
                ? root
                : throw new DecodeException($"json: cannot unmarshal {TypeName(root)} into Go value of type map[string]interface {{}}");
        }
        catch (JsonException broken)
        {
            throw new DecodeException(GoJsonScanner.Explain(utf8) ?? broken.Message, isSyntax: true);
        }
    }

    private GroupVersionKind KindOf(JsonElement root)
    {
        var said = kind;
        if (Text(root, "apiVersion") is { Length: > 0 } apiVersion)
        {
            said = GroupVersion.TryParse(apiVersion, out var version)
                ? new(version.Group, version.Version, said.Kind)
                : throw new DecodeException("unexpected GroupVersion string: " + apiVersion);
        }

        return Text(root, "kind") is { Length: > 0 } name ? said with { Kind = name } : said;
    }

    private static ObjectMeta MetadataOf(JsonElement root, DecodeReport? report)
    {
        if (!root.TryGetProperty("metadata"u8, out var metadata) || metadata.ValueKind == JsonValueKind.Null)
            return ObjectMeta.Empty;
        return CustomMetadata.Read(metadata, report);
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string TypeName(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "bool",
    };
}
