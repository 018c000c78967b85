using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coxswain.Api.ServerSideApply;

/// <summary>What a path element names; in the order in which sets are written.</summary>
internal enum PathElementKind : byte
{
    /// <summary>A member of an object, by its name.</summary>
    Field,

    /// <summary>An item of a keyed list, by the JSON object of its keys in order of their names.</summary>
    Key,

    /// <summary>An item of a set, by its JSON.</summary>
    Value,

    /// <summary>An item of a list, by its place.</summary>
    Index,
}

/// <summary>One step of a path into an object.</summary>
internal readonly record struct PathElement(PathElementKind Kind, string Text) : IComparable<PathElement>
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static PathElement Field(string name) => new(PathElementKind.Field, name);

    /// <summary>A JSON string or other scalar in its canonical text.</summary>
    public static string Canonical(JsonElement scalar) =>
        scalar.ValueKind == JsonValueKind.String ? Canonical(scalar.GetString()!) : scalar.GetRawText();

    public static string Canonical(string text) => string.Concat("\"", JsonEncodedText.Encode(text, Encoder).Value, "\"");

    public int CompareTo(PathElement other) =>
        Kind != other.Kind ? Kind.CompareTo(other.Kind) : string.CompareOrdinal(Text, other.Text);

    /// <summary>Writes a member's name in the form of field sets: <c>f:name</c>, <c>k:{"name":"x"}</c>.</summary>
    public void WriteName(Utf8JsonWriter writer)
    {
        Span<char> name = stackalloc char[128];
        if (Text.Length + 2 > name.Length)
            name = new char[Text.Length + 2];
        name[0] = Kind switch { PathElementKind.Field => 'f', PathElementKind.Key => 'k', PathElementKind.Value => 'v', _ => 'i' };
        name[1] = ':';
        Text.CopyTo(name[2..]);
        writer.WritePropertyName(name[..(Text.Length + 2)]);
    }

    public static bool TryParse(string wire, out PathElement element)
    {
        element = default;
        if (wire.Length < 2 || wire[1] != ':')
            return false;

        var text = wire[2..];
        switch (wire[0])
        {
            case 'f':
                element = Field(text);
                return true;
            case 'k':
                return TryCanonicalKey(text, out element);
            case 'v':
                return TryCanonicalValue(text, out element);
            case 'i':
                element = new(PathElementKind.Index, text);
                return int.TryParse(text, out _);
            default:
                return false;
        }
    }

    /// <summary>The form of messages: <c>.name</c>, <c>[name="x",port=80]</c>, <c>[="x"]</c>, <c>[0]</c>.</summary>
    public void AppendTo(StringBuilder message)
    {
        switch (Kind)
        {
            case PathElementKind.Field:
                message.Append('.').Append(Text);
                break;
            case PathElementKind.Key:
                message.Append('[');
                using (var keys = JsonDocument.Parse(Text))
                {
                    var first = true;
                    foreach (var key in keys.RootElement.EnumerateObject())
                    {
                        message.Append(first ? "" : ",").Append(key.Name).Append('=').Append(Canonical(key.Value));
                        first = false;
                    }
                }

                message.Append(']');
                break;
            case PathElementKind.Value:
                message.Append("[=").Append(Text).Append(']');
                break;
            default:
                message.Append('[').Append(Text).Append(']');
                break;
        }
    }

    // Other writers may put spaces or another order of keys; equal keys must become equal texts.
    private static bool TryCanonicalKey(string text, out PathElement element)
    {
        element = default;
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return false;

            var keys = document.RootElement.EnumerateObject()
                .OrderBy(key => key.Name, StringComparer.Ordinal)
                .Select(key => $"{Canonical(key.Name)}:{Canonical(key.Value)}");
            element = new(PathElementKind.Key, "{" + string.Join(',', keys) + "}");
            return true;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    private static bool TryCanonicalValue(string text, out PathElement element)
    {
        element = default;
        try
        {
            using var document = JsonDocument.Parse(text);
            element = new(PathElementKind.Value, Canonical(document.RootElement));
            return true;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }
}
