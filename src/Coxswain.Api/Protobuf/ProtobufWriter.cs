using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Coxswain.Api;

/// <summary>Writes a message from its end to its beginning, so that the length of what is nested is known when it must be
/// written and nothing is measured beforehand. Whoever writes names the fields in descending order.</summary>
/// <remarks>Upstream's rule: what is no pointer is always written, even when zero. The bytes come from a pool: dispose.</remarks>
internal ref partial struct ProtobufWriter
{
    private byte[] _buffer;
    private int _start;

    public ProtobufWriter(int capacity)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(capacity);
        _start = _buffer.Length;
    }

    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(_start);

    /// <summary>How much has been written: the end of a nested message, for <see cref="Close"/>.</summary>
    public readonly int Mark => _buffer.Length - _start;

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Puts length and tag before everything written since the mark.</summary>
    public void Close(uint tag, int mark)
    {
        Varint((uint)(Mark - mark));
        Varint(tag);
    }

    public void Raw(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    public void Varint(ulong value)
    {
        if (value < 0x80)
        {
            Reserve(1)[0] = (byte)value;
            return;
        }
        Span<byte> bytes = stackalloc byte[10];
        var length = 0;
        for (; value >= 0x80; value >>= 7)
            bytes[length++] = (byte)(value | 0x80);
        bytes[length++] = (byte)value;
        Raw(bytes[..length]);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Encoding.UTF8.GetBytes(value, Reserve(length));
        Varint((uint)length);
    }

    public void Fixed64(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Reserve(8), value);

    private Span<byte> Reserve(int length)
    {
        if (_start < length)
            Grow(length);
        _start -= length;
        return _buffer.AsSpan(_start, length);
    }

    private void Grow(int length)
    {
        var written = Mark;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, written + length));
        Written.CopyTo(larger.AsSpan(larger.Length - written));
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        _start = larger.Length - written;
    }
}
