using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>Reads JSON into trees of nodes. Unlike the platform's own reader it takes an object that names a member twice (the
/// last one counts, as upstream has it), and its depth is bounded by what documents may have.</summary>
public static class JsonTree
{
    /// <summary>Deeper documents are refused.</summary>
    public const int MaxDepth = 500;

    /// <exception cref="JsonException">Not one JSON value.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new() { MaxDepth = MaxDepth });
        reader.Read();
        var node = ReadValue(ref reader);
        while (reader.Read())
        {
            // Only white space may follow, or the reader throws.
        }

        return node;
    }

    /// <summary>The member's value, with absent and null told apart by the result.</summary>
    internal static bool TryGet(this JsonObject container, string name, out JsonNode? value) => container.TryGetPropertyValue(name, out value);

    /// <summary>Takes a member's value out of an object, so that it may be put elsewhere.</summary>
    internal static JsonNode? Take(this JsonObject container, string name)
    {
        container.TryGetPropertyValue(name, out var value);
        container.Remove(name);
        return value;
    }

    /// <summary>Takes all items out of a list, so that they may be put elsewhere.</summary>
    internal static List<JsonNode?> TakeAll(this JsonArray list)
    {
        var items = new List<JsonNode?>(list);
        list.Clear();
        return items;
    }

    /// <summary>The node itself if nobody holds it, else a copy.</summary>
    internal static JsonNode? Free(this JsonNode? node) => node?.Parent is null ? node : node.DeepClone();

    private static JsonNode? ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var result = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = JsonText.Of(reader);
                    reader.Read();
                    result[name] = ReadValue(ref reader);
                }

                return result;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Add(ReadValue(ref reader));
                return list;
            case JsonTokenType.String:
                return JsonValue.Create(JsonText.Of(reader));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            case JsonTokenType.Number when reader.TryGetInt64(out var number):
                return JsonValue.Create(number);
            case JsonTokenType.Number:
                return JsonValue.Create(JsonElement.ParseValue(ref reader));
            default:
                return null;
        }
    }
}
