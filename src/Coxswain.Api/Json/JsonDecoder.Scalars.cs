using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Coxswain.Api;

// One method per scalar of the schema. Null never comes here from a field; items of lists and maps look for it themselves.
internal ref partial struct JsonDecoder
{
    public readonly string Text(string? goType = null)
    {
        if (_reader.TokenType != JsonTokenType.String)
            throw Mismatch(goType);
        return _reader.ValueIsEscaped ? JsonText.Decode(JsonText.Unescape(_reader.ValueSpan)) : StringCache.Get(_reader.ValueSpan);
    }

    public readonly void Read(ref string? field) => field = Text();

    public readonly void Read(ref bool field) => field = _reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Mismatch(),
    };

    public readonly void Read(ref bool? field)
    {
        var value = false;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref int field)
    {
        if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt32(out field))
            throw NumberMismatch();
    }

    public readonly void Read(ref int? field)
    {
        var value = 0;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref long field)
    {
        if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out field))
            throw NumberMismatch();
    }

    public readonly void Read(ref long? field)
    {
        long value = 0;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref double field)
    {
        if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetDouble(out field) || !double.IsFinite(field))
            throw NumberMismatch();
    }

    public readonly void Read(ref double? field)
    {
        double value = 0;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref ByteString field)
    {
        if (_reader.TokenType != JsonTokenType.String)
            throw Mismatch();
        var text = _reader.ValueIsEscaped ? JsonText.Unescape(_reader.ValueSpan) : _reader.ValueSpan;
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var bad = text.IndexOfAny(" \t"u8);
        if (bad >= 0 || Base64.DecodeFromUtf8(text, bytes, out var consumed, out var written) != OperationStatus.Done)
            throw new DecodeException($"illegal base64 data at input byte {(bad >= 0 ? bad : GoBase64.FirstIllegalByte(text))}");
        field = ByteString.Wrap(written == bytes.Length ? bytes : bytes[..written]);
    }

    /// <summary>A value that is kept as it is, without the white space between its tokens.</summary>
    public void Read(ref RawJson field)
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        field = RawJson.Wrap(JsonText.Repair(JsonText.Compact(_utf8[start..(int)_reader.BytesConsumed])));
    }

    /// <summary>Reads a raw extension as it was sent. Upstream tells two texts of one value apart, so white space stays; but line
    /// breaks become spaces, since the text is sent on in watches, where a line is an event.</summary>
    public void ReadVerbatim(ref RawJson field)
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        var text = _utf8[start..(int)_reader.BytesConsumed].ToArray();
        foreach (ref var b in text.AsSpan())
        {
            if (b < (byte)' ')
                b = (byte)' ';
        }
        field = RawJson.Wrap(text);
    }

    public void ReadVerbatim(ref RawJson? field)
    {
        RawJson value = default;
        ReadVerbatim(ref value);
        field = value;
    }

    public void Read(ref RawJson? field)
    {
        RawJson value = default;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref DateTimeOffset? field) => field = GoTime.ParseSeconds(Text("string"));

    public readonly void ReadMicro(ref DateTimeOffset? field) => field = GoTime.ParseMicroseconds(Text("string"));

    public readonly void Read(ref TimeSpan field) => field = GoDuration.Parse(Text("string"));

    public readonly void Read(ref TimeSpan? field) => field = GoDuration.Parse(Text("string"));

    public readonly void Read(ref Quantity field)
    {
        // Upstream strips the quotes, if any, and parses what is left: numbers are quantities too, all else is a bad one.
        var text = _reader.TokenType switch
        {
            JsonTokenType.String => Text(),
            JsonTokenType.Number => JsonText.Decode(_reader.ValueSpan),
            _ => "{",
        };
        if (!Quantity.TryParse(text, out field, out var error))
            throw new DecodeException(error);
    }

    public readonly void Read(ref Quantity? field)
    {
        Quantity value = default;
        Read(ref value);
        field = value;
    }

    public readonly void Read(ref IntOrString field)
    {
        if (_reader.TokenType == JsonTokenType.String)
            field = new IntOrString(Text());
        else if (_reader.TokenType != JsonTokenType.Number)
            throw Mismatch("int32");
        else if (_reader.TryGetInt32(out var number))
            field = new IntOrString(number);
        else
            throw new JsonMismatchException(_reader.TokenStartIndex, "number " + JsonText.Decode(_reader.ValueSpan), "int32");
    }

    public readonly void Read(ref IntOrString? field)
    {
        IntOrString value = default;
        Read(ref value);
        field = value;
    }
}
