using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>A protobuf message under construction: texts, flags and messages.</summary>
internal sealed class ProtobufMessage
{
    private readonly ArrayBufferWriter<byte> _buffer = new(64);

    public void Text(int field, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Header(field, length);
        Encoding.UTF8.GetBytes(text, _buffer.GetSpan(length));
        _buffer.Advance(length);
    }

    public void Text(int field, JsonElement text) => Text(field, text.GetString() ?? "");

    /// <summary>The member's text, if it is there.</summary>
    public void Text(int field, JsonElement container, string name)
    {
        if (container.TryGetProperty(name, out var text))
            Text(field, text);
    }

    /// <summary>All texts of the member's list, if it is there.</summary>
    public void Texts(int field, JsonElement container, string name)
    {
        if (!container.TryGetProperty(name, out var list))
            return;
        foreach (var text in list.EnumerateArray())
            Text(field, text);
    }

    public void Flag(int field, bool value)
    {
        if (!value)
            return;
        Number((uint)field << 3);
        Number(1);
    }

    public void Message(int field, ProtobufMessage message)
    {
        Header(field, message._buffer.WrittenCount);
        _buffer.Write(message._buffer.WrittenSpan);
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    private void Header(int field, int length)
    {
        Number(((uint)field << 3) | 2);
        Number((uint)length);
    }

    private void Number(uint value)
    {
        var span = _buffer.GetSpan(5);
        var count = 0;
        for (; value >= 0x80; value >>= 7)
            span[count++] = (byte)(value | 0x80);
        span[count++] = (byte)value;
        _buffer.Advance(count);
    }
}
