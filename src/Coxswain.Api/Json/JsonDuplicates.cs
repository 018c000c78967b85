using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api;

/// <summary>Makes one member of those that a document says twice, as Go's decoder does, which reads each into what the one before left:
/// structs and maps are merged, list items one by one, everything else is replaced. Used only for documents that have such members.</summary>
internal static class JsonDuplicates
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = JsonDecoder.MaxDepth };

    /// <summary>A document that means the same and says nothing twice; null for one with half surrogate pairs, which no text can hold.</summary>
    public static byte[]? Merge(ReadOnlySpan<byte> utf8, SchemaType schema)
    {
        // Broken UTF-8 becomes U+FFFD here as elsewhere.
        using var document = JsonDocument.Parse(JsonText.Decode(utf8), Deep);
        try
        {
            using var output = new MemoryStream();
            using (var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
                Merge(null, document.RootElement, schema)!.WriteTo(writer);
            return output.ToArray();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonNode? Merge(JsonNode? before, JsonElement now, SchemaType? type) => now.ValueKind switch
    {
        JsonValueKind.Object when type is { Kind: SchemaKind.Object, JsonForms.IsAbsent: true } => Struct(before as JsonObject, now, type),
        JsonValueKind.Object when type is { Kind: SchemaKind.Map } => Map(before as JsonObject, now, type.Item),
        JsonValueKind.Array when type is { Kind: SchemaKind.List } => List(before as JsonArray, now, type.Item),
        // A null leaves a struct as it is, and nothing of anything else; where there was nothing before, both are the same.
        JsonValueKind.Null => null,
        _ => JsonNode.Parse(now.GetRawText(), documentOptions: Deep),
    };

    private static JsonObject Struct(JsonObject? before, JsonElement now, SchemaType type)
    {
        var result = before ?? [];
        foreach (var member in now.EnumerateObject())
        {
            var earlier = Take(result, member.Name);
            var field = type.FindField(member.Name);
            result[member.Name] = member.Value.ValueKind == JsonValueKind.Null && field is { IsNullable: false, Type.Kind: SchemaKind.Object }
                ? earlier
                : Merge(earlier, member.Value, field?.Type);
        }

        return result;
    }

    private static JsonObject Map(JsonObject? before, JsonElement now, SchemaType? item)
    {
        var result = before ?? [];
        foreach (var entry in now.EnumerateObject())
            result[entry.Name] = Merge(null, entry.Value, item);
        return result;
    }

    private static JsonArray List(JsonArray? before, JsonElement now, SchemaType? item)
    {
        var result = new JsonArray();
        foreach (var value in now.EnumerateArray())
        {
            JsonNode? earlier = null;
            if (before is not null && result.Count < before.Count)
            {
                earlier = before[result.Count];
                before[result.Count] = null;
            }

            result.Add(Merge(earlier, value, item));
        }

        return result;
    }

    /// <summary>Takes a member out, so that it can be put elsewhere.</summary>
    private static JsonNode? Take(JsonObject owner, string name)
    {
        owner.Remove(name, out var value);
        return value;
    }
}
