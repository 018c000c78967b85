using System.Text.Json;
using System.Text.Unicode;
using Coxswain.Api.Patching;

namespace Coxswain.Api.ServerSideApply;

internal static class JsonLimits
{
    public static JsonDocumentOptions Document { get; } = new() { MaxDepth = JsonTree.MaxDepth };

    /// <summary>Reads a document that may come from anybody.</summary>
    /// <exception cref="JsonException">No JSON, or with texts that are no Unicode, at which the platform's reader would only stumble later.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
            throw new JsonException("invalid UTF-8");

        var element = JsonElement.Parse(utf8, Document);
        var reader = new Utf8JsonReader(utf8, new() { MaxDepth = JsonTree.MaxDepth });
        try
        {
            while (reader.Read())
            {
                // Halves of surrogate pairs can only be written as escapes.
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            }
        }
        catch (InvalidOperationException broken)
        {
            throw new JsonException("invalid Unicode escape", broken);
        }

        return element;
    }
}
