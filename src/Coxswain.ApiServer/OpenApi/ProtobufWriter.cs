using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Coxswain.ApiServer.OpenApi;

/// <summary>Writes protobuf messages inside messages into one growing array. The length of a message is put before it when it is
/// closed; only where that takes more than one byte is the message moved.</summary>
internal sealed class ProtobufWriter
{
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    /// <summary>Begins a message, which ends when the result is disposed.</summary>
    public Message Open(int field)
    {
        Number(((uint)field << 3) | 2);
        Ensure(1);
        _length++;
        return new(this, _length);
    }

    /// <summary>Begins one entry of a map with its name; disposing the result ends both the value and the entry.</summary>
    public Message OpenNamed(int field, string name)
    {
        var entry = Open(field);
        Text(1, name);
        var value = Open(2);
        return value with { Outer = entry.Start };
    }

    public void Text(int field, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Number(((uint)field << 3) | 2);
        Number((uint)length);
        Ensure(length);
        _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length));
    }

    /// <summary>The member's text, if it is there.</summary>
    public void Text(int field, JsonElement container, string name)
    {
        if (container.TryGetProperty(name, out var text))
            Text(field, text.GetString() ?? "");
    }

    /// <summary>All texts of the member's list, if it is there.</summary>
    public void Texts(int field, JsonElement container, string name)
    {
        if (!container.TryGetProperty(name, out var list))
            return;
        foreach (var text in list.EnumerateArray())
            Text(field, text.GetString() ?? "");
    }

    /// <summary>The member's truth; false is the same as absent.</summary>
    public void Flag(int field, JsonElement container, string name)
    {
        if (container.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True)
            Flag(field, true);
    }

    /// <summary>Written even when false: inside a choice absent is something else.</summary>
    public void Flag(int field, bool value)
    {
        Number((uint)field << 3);
        Number(value ? 1u : 0u);
    }

    public void Integer(int field, JsonElement container, string name)
    {
        if (!container.TryGetProperty(name, out var value))
            return;
        Number((uint)field << 3);
        Number((ulong)value.GetInt64());
    }

    public void Double(int field, JsonElement container, string name)
    {
        if (container.TryGetProperty(name, out var value))
            Double(field, value.GetDouble());
    }

    public void Double(int field, double value)
    {
        Number(((uint)field << 3) | 1);
        Ensure(8);
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.AsSpan(_length), value);
        _length += 8;
    }

    /// <summary>Any value is carried as YAML, of which JSON is a part.</summary>
    public void Any(int field, JsonElement value)
    {
        using var any = Open(field);
        Text(2, value.GetRawText() + "\n");
    }

    /// <summary>The members that begin with <c>x-</c>.</summary>
    public void Extensions(int field, JsonElement element)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!member.Name.StartsWith("x-", StringComparison.Ordinal))
                continue;
            using var entry = Open(field);
            Text(1, member.Name);
            Any(2, member.Value);
        }
    }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    private void Close(int start)
    {
        var length = _length - start;
        var extra = 0;
        for (var rest = length >> 7; rest > 0; rest >>= 7)
            extra++;
        if (extra > 0)
        {
            Ensure(extra);
            Buffer.BlockCopy(_bytes, start, _bytes, start + extra, length);
            _length += extra;
        }

        var at = start - 1;
        for (; length >= 0x80; length >>= 7)
            _bytes[at++] = (byte)(length | 0x80);
        _bytes[at] = (byte)length;
    }

    private void Number(ulong value)
    {
        Ensure(10);
        for (; value >= 0x80; value >>= 7)
            _bytes[_length++] = (byte)(value | 0x80);
        _bytes[_length++] = (byte)value;
    }

    private void Ensure(int more)
    {
        if (_length + more > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + more, _bytes.Length * 2));
    }

    /// <summary>An open message. Messages are closed in the opposite order of their opening.</summary>
    public readonly record struct Message(ProtobufWriter Writer, int Start) : IDisposable
    {
        /// <summary>Where the message begins that this one is the value of; 0: none.</summary>
        public int Outer { get; init; }

        public void Dispose()
        {
            Writer.Close(Start);
            if (Outer > 0)
                Writer.Close(Outer);
        }
    }
}
