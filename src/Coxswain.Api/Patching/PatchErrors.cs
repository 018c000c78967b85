using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Patching;

/// <summary>The refusals of patches.</summary>
internal static class PatchErrors
{
    /// <summary>The patch is understood but cannot be applied to this object. Upstream tells the client no more than this.</summary>
    public static ApiException CannotApply() => new(Statuses.PatchCannotApply());

    public static ApiException BadRequest(string message) => new(Statuses.BadRequest(message));

    /// <summary>What upstream has no status for.</summary>
    public static ApiException Unknown(string message) => new(Statuses.Unknown(message));

    /// <summary>Reads a patch, which is refused as a bad request if it is no JSON.</summary>
    public static JsonNode? Read(ReadOnlySpan<byte> patch)
    {
        try
        {
            return JsonTree.Parse(patch);
        }
        catch (JsonException broken)
        {
            throw BadRequest(GoJsonScanner.Explain(patch) ?? broken.Message);
        }
    }

    /// <summary>The word for a JSON value's type in the messages of upstream's decoder.</summary>
    public static string TypeWord(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        },
    };

    /// <summary>The type that upstream's messages give for a JSON value.</summary>
    public static string GoType(JsonNode? node) => TypeWord(node) switch
    {
        "null" => "%!s(<nil>)",
        "object" => "map[string]interface {}",
        "array" => "[]interface {}",
        "number" => node!.AsValue().TryGetValue<long>(out _) ? "int64" : "float64",
        var other => other,
    };

    /// <summary>A value as upstream's messages print it: <c>map[a:1 b:[x y]]</c>.</summary>
    public static string GoValue(JsonNode? node)
    {
        var builder = new StringBuilder();
        Append(builder, node);
        return builder.ToString();
    }

    private static void Append(StringBuilder builder, JsonNode? node)
    {
        switch (node)
        {
            case null:
                builder.Append("<nil>");
                break;
            case JsonObject members:
                builder.Append("map[");
                var first = true;
                foreach (var (name, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    builder.Append(first ? "" : " ").Append(name).Append(':');
                    Append(builder, value);
                    first = false;
                }

                builder.Append(']');
                break;
            case JsonArray items:
                builder.Append('[');
                for (var i = 0; i < items.Count; i++)
                {
                    builder.Append(i > 0 ? " " : "");
                    Append(builder, items[i]);
                }

                builder.Append(']');
                break;
            default:
                builder.Append(node.ToString());
                break;
        }
    }
}
