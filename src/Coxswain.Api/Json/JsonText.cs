using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Coxswain.Api;

/// <summary>JSON texts as Go reads them: what is no valid UTF-8 or no whole surrogate pair becomes U+FFFD, and is no error.</summary>
internal static class JsonText
{
    public static string Decode(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    public static string TypeOf(JsonTokenType token) => token switch
    {
        JsonTokenType.String => "string",
        JsonTokenType.Number => "number",
        JsonTokenType.True or JsonTokenType.False => "bool",
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        _ => "null",
    };

    /// <summary>The text of a string token with its escapes replaced. The token is known to be well-formed.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> token)
    {
        var result = new byte[token.Length];
        var length = 0;
        for (var at = 0; at < token.Length;)
        {
            if (token[at] != '\\')
            {
                result[length++] = token[at++];
                continue;
            }
            var escape = token[at + 1];
            at += 2;
            if (escape != 'u')
            {
                result[length++] = escape switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    _ => escape,
                };
                continue;
            }
            var unit = Hex(token, at);
            at += 4;
            var rune = Rune.ReplacementChar;
            if (!char.IsSurrogate(unit))
            {
                rune = new(unit);
            }
            else if (char.IsHighSurrogate(unit) && at + 6 <= token.Length && token[at] == '\\' && token[at + 1] == 'u'
                && char.IsLowSurrogate(Hex(token, at + 2)))
            {
                rune = new(unit, Hex(token, at + 2));
                at += 6;
            }
            length += rune.EncodeToUtf8(result.AsSpan(length));
        }
        return result[..length];
    }

    /// <summary>The bytes of a value without the white space between its tokens.</summary>
    public static byte[] Compact(ReadOnlySpan<byte> value)
    {
        if (value.IndexOfAny(" \n\r\t"u8) < 0)
            return value.ToArray();
        var result = new byte[value.Length];
        var length = 0;
        var inString = false;
        for (var at = 0; at < value.Length; at++)
        {
            var c = value[at];
            if (!inString && c is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' && !inString)
                continue;
            result[length++] = c;
            if (c == '"')
                inString = !inString;
            else if (c == '\\' && inString)
                result[length++] = value[++at];
        }
        return result[..length];
    }

    /// <summary>A well-formed value whose texts are all Unicode: itself where they are, as nearly always.</summary>
    public static byte[] Repair(byte[] value)
    {
        if (Utf8.IsValid(value) && value.AsSpan().IndexOf("\\ud"u8) < 0 && value.AsSpan().IndexOf("\\uD"u8) < 0)
            return value;
        var output = new ArrayBufferWriter<byte>(value.Length);
        using (var writer = new Utf8JsonWriter(output, ObjectCodec.WriterOptions))
        {
            var reader = new Utf8JsonReader(value, new JsonReaderOptions { MaxDepth = JsonDecoder.MaxDepth });
            while (reader.Read())
                Copy(writer, ref reader);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>The text of the string or name at which a reader stands; the reader reads from one span.</summary>
    public static string Of(in Utf8JsonReader reader) => Decode(reader.ValueIsEscaped ? Unescape(reader.ValueSpan) : reader.ValueSpan);

    private static void Copy(Utf8JsonWriter writer, ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject: writer.WriteStartObject(); break;
            case JsonTokenType.EndObject: writer.WriteEndObject(); break;
            case JsonTokenType.StartArray: writer.WriteStartArray(); break;
            case JsonTokenType.EndArray: writer.WriteEndArray(); break;
            case JsonTokenType.PropertyName: writer.WritePropertyName(Of(reader)); break;
            case JsonTokenType.String: writer.WriteStringValue(Of(reader)); break;
            default: writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true); break;
        }
    }

    private static char Hex(ReadOnlySpan<byte> token, int at) =>
        (char)ushort.Parse(token.Slice(at, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
