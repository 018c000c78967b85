using System.Text.Json;
using System.Text.Unicode;

namespace Coxswain.Api.ServerSideApply;

public sealed partial class FieldSet
{
    private const int MaxDepth = 500;

    /// <summary>Reads <c>fieldsV1</c>. Elements of unknown kinds are left out, as upstream does.</summary>
    /// <exception cref="FormatException">Not the JSON of a field set.</exception>
    public static FieldSet Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new() { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new FormatException("a field set must be an object");
            return Read(ref reader, out _);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            throw new FormatException("a field set must be JSON: " + broken.Message, broken);
        }
    }

    /// <summary>Writes <c>fieldsV1</c>, members in the order of upstream.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteEntries(writer);
        writer.WriteEndObject();
    }

    public RawJson ToFieldsV1()
    {
        using var buffer = JsonBuffer.Rent();
        WriteTo(buffer.Writer);
        return RawJson.Wrap(buffer.ToArray());
    }

    private void WriteEntries(Utf8JsonWriter writer)
    {
        foreach (var entry in _entries)
        {
            entry.Element.WriteName(writer);
            writer.WriteStartObject();
            if (entry.IsMember && !entry.Children.IsEmpty)
            {
                writer.WriteStartObject("."u8);
                writer.WriteEndObject();
            }

            entry.Children.WriteEntries(writer);
            writer.WriteEndObject();
        }
    }

    private static FieldSet Read(ref Utf8JsonReader reader, out bool isMember)
    {
        isMember = false;
        var result = default(Builder);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isSelf = reader.ValueTextEquals("."u8);
            var isKnown = TryReadElement(ref reader, out var element);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new FormatException("a member of a field set must be an object");

            if (isSelf)
            {
                isMember = true;
                reader.Skip();
            }
            else if (isKnown)
            {
                // An element with nothing below it is a path itself.
                var children = Read(ref reader, out var childIsMember);
                result.Add(element, childIsMember || children.IsEmpty, children);
            }
            else
            {
                reader.Skip();
            }
        }

        return result.Build();
    }

    private static bool TryReadElement(ref Utf8JsonReader reader, out PathElement element)
    {
        // Nearly all elements are names of fields.
        if (!reader.ValueIsEscaped && reader.ValueSpan.StartsWith("f:"u8) && Utf8.IsValid(reader.ValueSpan))
        {
            element = PathElement.Field(StringCache.Get(reader.ValueSpan[2..]));
            return true;
        }

        return PathElement.TryParse(reader.GetString()!, out element);
    }
}
