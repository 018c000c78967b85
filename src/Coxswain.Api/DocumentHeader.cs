using System.Text.Json;

namespace Coxswain.Api;

/// <summary>What a JSON document says it is. Empty where it does not say.</summary>
public readonly record struct DocumentHeader(string ApiVersion, string Kind)
{
    // Upstream's message names the Go type into which it reads just these two.
    private const string GoType =
        "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    private const string Prefix = "couldn't get version/kind; json parse error: ";

    /// <summary>Finds apiVersion and kind at the top of a document and looks no further than it must.</summary>
    /// <exception cref="DecodeException">There is no JSON object; upstream's message. What follows the two members is not
    /// checked.</exception>
    public static DocumentHeader Read(ReadOnlySpan<byte> json)
    {
        string? apiVersion = null, kind = null;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonDecoder.MaxDepth });
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
                return new("", "");
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Refuse(GoJsonScanner.Explain(json)
                    ?? $"json: cannot unmarshal {JsonText.TypeOf(reader.TokenType)} into Go value of type {GoType}");
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && (apiVersion is null || kind is null))
            {
                if (Is(reader, "apiVersion"u8))
                    apiVersion = Text(json, ref reader, "apiVersion");
                else if (Is(reader, "kind"u8))
                    kind = Text(json, ref reader, "kind");
                else
                    reader.Skip();
            }
        }
        catch (JsonException)
        {
            throw Refuse(GoJsonScanner.Explain(json) ?? "exceeded max depth");
        }
        return new(apiVersion ?? "", kind ?? "");
    }

    /// <summary>What upstream says of a text that turns out to be no JSON only when all of it is read. Prefixes once.</summary>
    public static DecodeException Refuse(DecodeException syntaxError) =>
        syntaxError.Message.StartsWith(Prefix, StringComparison.Ordinal) ? syntaxError : Refuse(syntaxError.Message);

    /// <summary>The group, version and kind.</summary>
    /// <exception cref="DecodeException">apiVersion is not of the form version or group/version.</exception>
    public GroupVersionKind ToGroupVersionKind()
    {
        if (ApiVersion.Length == 0)
            return new("", "", Kind);
        return GroupVersion.TryParse(ApiVersion, out var version)
            ? new(version.Group, version.Version, Kind)
            : throw new DecodeException("unexpected GroupVersion string: " + ApiVersion);
    }

    // The platform's own comparison stumbles over escapes that are no Unicode.
    private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueIsEscaped
        ? JsonText.Unescape(reader.ValueSpan).AsSpan().SequenceEqual(name)
        : reader.ValueSpan.SequenceEqual(name);

    private static string Text(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => JsonText.Decode(reader.ValueIsEscaped ? JsonText.Unescape(reader.ValueSpan) : reader.ValueSpan),
            JsonTokenType.Null => "",
            _ => throw Refuse(GoJsonScanner.Explain(json)
                ?? $"json: cannot unmarshal {JsonText.TypeOf(reader.TokenType)} into Go struct field .{name} of type string"),
        };
    }

    private static DecodeException Refuse(string message) => new(Prefix + message, isSyntax: true);
}
