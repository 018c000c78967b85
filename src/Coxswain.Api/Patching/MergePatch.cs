using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>JSON merge patch (RFC 7386): members of the patch replace those of the document, null removes, objects are merged.
/// Pure and thread safe.</summary>
public static class MergePatch
{
    /// <summary>The document with the patch merged into it. The one given may be changed and must not be used afterwards.</summary>
    /// <exception cref="ApiException">400: the patch is no JSON object.</exception>
    public static JsonNode? Apply(JsonNode? document, ReadOnlySpan<byte> patch)
    {
        JsonNode? node;
        try
        {
            node = JsonTree.Parse(patch);
        }
        catch (JsonException)
        {
            throw PatchErrors.BadRequest("Invalid JSON Patch");
        }

        return node is JsonObject members ? Merge(document, members) : throw PatchErrors.BadRequest("Invalid JSON Patch");
    }

    /// <summary>The same with a patch that has been read. It is taken apart and must not be used afterwards.</summary>
    public static JsonObject Merge(JsonNode? document, JsonObject patch)
    {
        var result = document as JsonObject ?? [];
        foreach (var (name, value) in patch.ToArray())
        {
            patch.Remove(name);
            if (value is null)
                result.Remove(name);
            else if (value is JsonObject members)
                Put(result, name, Merge(result[name], members));
            else
                result[name] = value;
        }

        return result;
    }

    private static void Put(JsonObject container, string name, JsonObject merged)
    {
        // Setting a member to the node it already holds is refused by the tree.
        if (!ReferenceEquals(container[name], merged))
            container[name] = merged;
    }
}
