using System.Buffers.Binary;

namespace Coxswain.Api;

/// <summary>Reads one message. Unknown fields are skipped; what is no protobuf throws a <see cref="DecodeException"/>.</summary>
internal ref partial struct ProtobufReader
{
    // A schema that contains itself (JSONSchemaProps) must not exhaust the stack.
    private const int MaxDepth = 512;

    private readonly ReadOnlySpan<byte> _message;
    private readonly int _depth;
    private int _at;

    public ProtobufReader(ReadOnlySpan<byte> message)
        : this(message, 0)
    {
    }

    private ProtobufReader(ReadOnlySpan<byte> message, int depth)
    {
        _message = message;
        _depth = depth <= MaxDepth ? depth : throw new DecodeException("proto: message nested too deeply");
    }

    public readonly bool IsEmpty => _message.Length == 0;

    /// <summary>How much of the message has been read.</summary>
    public readonly int Position => _at;

    /// <summary>The tag of the next field (number and wire type); 0 at the end.</summary>
    public uint Next()
    {
        if (_at >= _message.Length)
            return 0;
        var tag = Varint();
        if (tag >> 3 is 0 or > 0x1fffffff)
            throw new DecodeException($"proto: illegal tag {(int)(tag >> 3)} (wire type {tag & 7})");
        return (uint)tag;
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (shift >= 64)
                throw new DecodeException("proto: integer overflow");
            if (_at >= _message.Length)
                throw Truncated();
            var b = _message[_at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
                return value;
        }
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var length = Varint();
        if (length > int.MaxValue)
            throw new DecodeException("proto: negative length found during unmarshaling");
        return Take((int)length);
    }

    /// <summary>The nested message at which the reader stands.</summary>
    public ProtobufReader Message() => new(Bytes(), _depth + 1);

    public double Fixed64() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public void Skip(uint tag)
    {
        switch (tag & 7)
        {
            case 0:
                Varint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Bytes();
                break;
            case 3:
                SkipGroup();
                break;
            case 5:
                Take(4);
                break;
            case 4:
                throw new DecodeException("proto: unexpected end of group");
            default:
                throw new DecodeException($"proto: illegal wireType {tag & 7}");
        }
    }

    private void SkipGroup()
    {
        for (var open = 1; open > 0;)
        {
            var tag = Next();
            if (tag == 0)
                throw Truncated();
            if ((tag & 7) == 3)
                open++;
            else if ((tag & 7) == 4)
                open--;
            else
                Skip(tag);
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _message.Length - _at)
            throw Truncated();
        var taken = _message.Slice(_at, length);
        _at += length;
        return taken;
    }

    private static DecodeException Truncated() => new("unexpected EOF");
}
