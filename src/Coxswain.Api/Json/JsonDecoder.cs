using System.Text.Json;

namespace Coxswain.Api;

/// <summary>The state of reading one JSON document: the reader, and where the strict findings lie.</summary>
/// <remarks>Paths are not kept while reading: the few documents that need one are walked again (<see cref="JsonLocator"/>).</remarks>
internal ref partial struct JsonDecoder
{
    // Deeper documents than any schema can fill are an attack on the stack.
    public const int MaxDepth = 512;
    private const int MaxFindings = 10_000;

    private readonly ReadOnlySpan<byte> _utf8;
    private Utf8JsonReader _reader;
    private List<JsonFinding>? _findings;
    private int _lenient;
    private bool _hasDuplicates;

    public JsonDecoder(ReadOnlySpan<byte> utf8, bool strict)
    {
        _utf8 = utf8;
        _reader = new(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        _lenient = strict ? 0 : 1;
    }

    public readonly List<JsonFinding>? Findings => _findings;

    /// <summary>A member of some struct was there twice, and only the last one was read.</summary>
    public readonly bool HasDuplicates => _hasDuplicates;

    public readonly JsonTokenType Token => _reader.TokenType;

    /// <summary>The name of the member at which the decoder stands.</summary>
    public readonly ReadOnlySpan<byte> Name => _reader.ValueIsEscaped ? JsonText.Unescape(_reader.ValueSpan) : _reader.ValueSpan;

    public void Start() => _reader.Read();

    /// <summary>Makes sure that nothing follows the document.</summary>
    public void Finish() => _reader.Read();

    /// <summary>Enters an object and stands at its first member; false when there is none, or the value is null.</summary>
    public bool BeginObject()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
            return _reader.TokenType == JsonTokenType.Null ? false : throw Mismatch();
        _reader.Read();
        return _reader.TokenType != JsonTokenType.EndObject;
    }

    /// <summary>Goes on to the next member; false at the object's end.</summary>
    public bool NextMember()
    {
        _reader.Read();
        return _reader.TokenType != JsonTokenType.EndObject;
    }

    /// <summary>Goes on from a member's name to its value. False if there is nothing to read: the field is unknown (and now
    /// skipped), or the value is null, which leaves a field as it is.</summary>
    public bool Accept(int index, ref ulong seen)
    {
        if (index < 0)
        {
            Find(JsonFindingKind.Unknown, _reader.TokenStartIndex);
            _reader.Read();
            _reader.Skip();
            return false;
        }
        var bit = 1UL << index;
        if ((seen & bit) != 0)
        {
            _hasDuplicates = true;
            Find(JsonFindingKind.Duplicate, _reader.TokenStartIndex);
        }
        seen |= bit;
        _reader.Read();
        return _reader.TokenType != JsonTokenType.Null;
    }

    /// <summary>Reads a type whose JSON form upstream reads with code of its own, which finds nothing unknown below it.</summary>
    public void BeginLenient() => _lenient++;

    public void EndLenient() => _lenient--;

    /// <summary>apiVersion and kind belong to the type: they are looked at and dropped.</summary>
    public readonly void SkipText()
    {
        if (_reader.TokenType != JsonTokenType.String)
            throw Mismatch();
    }

    public void Skip() => _reader.Skip();

    /// <summary>The value has another JSON type than the schema's.</summary>
    public readonly JsonMismatchException Mismatch(string? goType = null) =>
        new(_reader.TokenStartIndex, JsonText.TypeOf(_reader.TokenType), goType);

    /// <summary>The number does not fit the schema's type.</summary>
    public readonly JsonMismatchException NumberMismatch() => _reader.TokenType == JsonTokenType.Number
        ? new(_reader.TokenStartIndex, "number " + JsonText.Decode(_reader.ValueSpan), null)
        : Mismatch();

    private void Find(JsonFindingKind kind, long offset)
    {
        if (_lenient > 0)
            return;
        _findings ??= [];
        if (_findings.Count < MaxFindings)
            _findings.Add(new(offset, kind));
    }
}

internal enum JsonFindingKind
{
    Unknown,
    Duplicate,

    /// <summary>Some keys of a map: the offset is the map's.</summary>
    DuplicateKeys,
}

/// <summary>A member that a strict reader objects to, by the offset of its name.</summary>
internal readonly record struct JsonFinding(long Offset, JsonFindingKind Kind);

/// <summary>A value of the wrong JSON type; worded by whoever knows the document's schema.</summary>
internal sealed class JsonMismatchException(long offset, string found, string? goType) : Exception
{
    public long Offset { get; } = offset;

    public string Found { get; } = found;

    /// <summary>The Go type where it is not that of the field.</summary>
    public string? GoType { get; } = goType;
}
