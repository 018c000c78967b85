using System.Buffers.Text;
using System.Text.Json;

namespace Coxswain.ApiServer.Registry;

/// <summary>Puts a resourceVersion into the bytes of an object that has none, without decoding it.</summary>
internal static class JsonStamp
{
    private const int MaxField = 48;

    /// <summary>The bytes with <c>"resourceVersion":"REVISION"</c> in the metadata, after the uid where there is one.</summary>
    /// <exception cref="JsonException">The bytes are no object with metadata.</exception>
    public static byte[] ResourceVersion(ReadOnlySpan<byte> json, long revision)
    {
        Span<byte> field = stackalloc byte[MaxField];
        var (at, length) = Field(json, revision, ref field);
        var stamped = new byte[json.Length + length];
        Join(json, at, field, stamped);
        return stamped;
    }

    /// <summary>The same, written into a buffer.</summary>
    /// <returns>Where the new field ends.</returns>
    /// <exception cref="JsonException">The bytes are no object with metadata.</exception>
    public static int ResourceVersion(PooledBuffer output, ReadOnlySpan<byte> json, long revision)
    {
        Span<byte> field = stackalloc byte[MaxField];
        var (at, length) = Field(json, revision, ref field);
        Join(json, at, field, output.GetSpan(json.Length + length));
        output.Advance(json.Length + length);
        return at + length;
    }

    /// <summary>The bytes of an object that has a resourceVersion, with another one.</summary>
    /// <exception cref="JsonException">The bytes are no such object.</exception>
    /// <param name="end">Where the field ends.</param>
    public static byte[] OtherResourceVersion(ReadOnlySpan<byte> json, long revision, out int end)
    {
        var (start, oldEnd) = Value(json);
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(revision, digits, out var length);
        var stamped = new byte[start + length + json.Length - oldEnd];
        json[..start].CopyTo(stamped);
        digits[..length].CopyTo(stamped.AsSpan(start));
        json[oldEnd..].CopyTo(stamped.AsSpan(start + length));
        end = start + length + 1;
        return stamped;
    }

    private static (int At, int Length) Field(ReadOnlySpan<byte> json, long revision, ref Span<byte> field)
    {
        var (at, needsComma) = Position(json);
        "\"resourceVersion\":\""u8.CopyTo(field[1..]);
        Utf8Formatter.TryFormat(revision, field[20..], out var digits);
        var end = 20 + digits;
        field[end++] = (byte)'"';

        // Before the first field the comma follows ours, after another one it precedes.
        if (needsComma == Comma.Before)
        {
            field[0] = (byte)',';
            field = field[..end];
        }
        else
        {
            if (needsComma == Comma.After)
                field[end++] = (byte)',';
            field = field[1..end];
        }

        return (at, field.Length);
    }

    private static void Join(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> inserted, Span<byte> output)
    {
        json[..at].CopyTo(output);
        inserted.CopyTo(output[at..]);
        json[at..].CopyTo(output[(at + inserted.Length)..]);
    }

    /// <summary>Where the text of the resourceVersion lies, without its quotes.</summary>
    private static (int Start, int End) Value(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            var isWanted = reader.CurrentDepth == 2 && reader.ValueTextEquals("resourceVersion"u8);
            var goesIn = reader.CurrentDepth == 1 && reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isWanted)
                return ((int)reader.TokenStartIndex + 1, (int)reader.BytesConsumed - 1);
            if (!goesIn)
                reader.Skip();
        }

        throw new JsonException("no resourceVersion in the metadata");
    }

    private enum Comma
    {
        None,
        Before,
        After,
    }

    private static (int At, Comma Comma) Position(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (!isMetadata)
            {
                reader.Skip();
                continue;
            }

            if (reader.TokenType != JsonTokenType.StartObject)
                break;
            var start = (int)reader.BytesConsumed;
            var empty = true;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                empty = false;
                var isUid = reader.ValueTextEquals("uid"u8);
                reader.Read();
                reader.Skip();
                if (isUid)
                    return ((int)reader.BytesConsumed, Comma.Before);
            }

            return (start, empty ? Comma.None : Comma.After);
        }

        throw new JsonException("no metadata");
    }
}
