using System.Buffers.Text;
using System.Text.Json;

namespace Coxswain.ApiServer.Registry;

/// <summary>Puts a resourceVersion into the bytes of an object that has none, without decoding it.</summary>
internal static class JsonStamp
{
    /// <summary>The bytes with <c>"resourceVersion":"REVISION"</c> in the metadata, after the uid where there is one.</summary>
    /// <exception cref="JsonException">The bytes are no object with metadata.</exception>
    public static byte[] ResourceVersion(ReadOnlySpan<byte> json, long revision)
    {
        var (at, needsComma) = Position(json);
        Span<byte> field = stackalloc byte[48];
        "\"resourceVersion\":\""u8.CopyTo(field[1..]);
        Utf8Formatter.TryFormat(revision, field[20..], out var digits);
        var end = 20 + digits;
        field[end++] = (byte)'"';
        // Before the first field the comma follows ours, after another one it precedes.
        scoped ReadOnlySpan<byte> inserted;
        if (needsComma == Comma.Before)
        {
            field[0] = (byte)',';
            inserted = field[..end];
        }
        else
        {
            if (needsComma == Comma.After)
                field[end++] = (byte)',';
            inserted = field[1..end];
        }

        var stamped = new byte[json.Length + inserted.Length];
        json[..at].CopyTo(stamped);
        inserted.CopyTo(stamped.AsSpan(at));
        json[at..].CopyTo(stamped.AsSpan(at + inserted.Length));
        return stamped;
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
