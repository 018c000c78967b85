using System.Buffers;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>A JSON writer and its buffer, kept per thread between uses.</summary>
internal sealed class JsonBuffer : IDisposable
{
    // A list of many thousand objects should not stay with each thread that once wrote one.
    private const int LargestKept = 1 << 20;

    [ThreadStatic]
    private static JsonBuffer? _spare;
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);

    private JsonBuffer() => Writer = new(_buffer, ObjectCodec.WriterOptions);

    public Utf8JsonWriter Writer { get; }

    public static JsonBuffer Rent()
    {
        var buffer = _spare ?? new();
        _spare = null;
        return buffer;
    }

    public byte[] ToArray()
    {
        Writer.Flush();
        return _buffer.WrittenSpan.ToArray();
    }

    public void Dispose()
    {
        Writer.Flush();
        _buffer.ResetWrittenCount();
        Writer.Reset();
        if (_buffer.Capacity <= LargestKept)
            _spare = this;
    }
}
