using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coxswain.Api;
using Coxswain.Api.CustomResources;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Reads and changes the content of custom objects, whose members are in order.</summary>
internal static class CustomContent
{
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 512 };

    /// <summary>The content as a tree that only reads.</summary>
    public static JsonElement Parse(this CustomObject value) => JsonElement.Parse(value.Content.Utf8, Limits);

    /// <summary>The whole object with apiVersion, kind and metadata, as rules and columns see it.</summary>
    public static JsonElement ParseWhole(this CustomObject value, CustomObjectCodec codec) => JsonElement.Parse(codec.ToJson(value), Limits);

    /// <summary>The JSON of a member; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Member(RawJson content, string name)
    {
        var reader = new Utf8JsonReader(content.Utf8, new() { MaxDepth = Limits.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
                return content.Utf8[start..(int)reader.BytesConsumed];
        }

        return default;
    }

    /// <summary>The content with a member replaced, put in, or, if the value is empty, taken out.</summary>
    public static RawJson With(RawJson content, string name, ReadOnlySpan<byte> value)
    {
        if (Member(content, name).SequenceEqual(value))
            return content;
        var output = new ArrayBufferWriter<byte>(content.Utf8.Length + value.Length + 32);
        using (var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
        {
            writer.WriteStartObject();
            var written = value.IsEmpty;
            var reader = new Utf8JsonReader(content.Utf8, new() { MaxDepth = Limits.MaxDepth });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var member = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!written && string.CompareOrdinal(member, name) >= 0)
                {
                    writer.WritePropertyName(name);
                    writer.WriteRawValue(value, skipInputValidation: true);
                    written = true;
                }

                if (member == name)
                    continue;
                writer.WritePropertyName(member);
                writer.WriteRawValue(content.Utf8[start..(int)reader.BytesConsumed], skipInputValidation: true);
            }

            if (!written)
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(value, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return RawJson.Copy(output.WrittenSpan);
    }

    /// <summary>The content with a whole number at a path; objects on the way are made.</summary>
    public static RawJson WithNumber(RawJson content, IReadOnlyList<string> path, long number)
    {
        var root = content.ToNode()!.AsObject();
        var place = root;
        for (var i = 0; i < path.Count - 1; i++)
        {
            if (place[path[i]] is not JsonObject below)
                place[path[i]] = below = [];
            place = below;
        }

        place[path[^1]] = number;
        return Sorted(root);
    }

    /// <summary>A value at a path of member names; null where there is none.</summary>
    public static JsonElement? At(JsonElement root, IReadOnlyList<string> path)
    {
        var value = root;
        foreach (var name in path)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
                return null;
        }

        return value;
    }

    private static RawJson Sorted(JsonObject root) => Unordered.Read(JsonSerializerText(root)).Content;

    private static byte[] JsonSerializerText(JsonObject root)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
            root.WriteTo(writer);
        return output.WrittenSpan.ToArray();
    }

    // A codec that knows nothing keeps everything, in order.
    private static readonly CustomObjectCodec Unordered = new(new("", "v1", "Any"), SchemaType.Scalar(SchemaKind.Deduced), null);
}
