using System.Buffers;
using System.Buffers.Binary;

namespace Coxswain.Api;

/// <summary>Events of a watch in protobuf: frames of a length (four bytes, the highest first) and a WatchEvent without envelope,
/// whose object is a document with envelope.</summary>
public static class ProtobufWatchEvent
{
    public const int HeaderLength = 4;

    /// <summary>Writes one frame. The document is copied as it is, so that all watchers can share one encoding of it.</summary>
    public static void Write(IBufferWriter<byte> output, string type, ReadOnlySpan<byte> document)
    {
        var writer = new ProtobufWriter(document.Length + 64);
        try
        {
            var mark = writer.Mark;
            writer.Raw(document);
            writer.Close(0x0a, mark);
            writer.Close(0x12, mark);
            writer.Write(0x0a, type);
            BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(HeaderLength), writer.Written.Length);
            output.Advance(HeaderLength);
            output.Write(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>Reads a frame's content, without its header. The document is a part of the frame's memory.</summary>
    /// <exception cref="DecodeException">It is no event.</exception>
    public static (string Type, ReadOnlyMemory<byte> Document) Read(ReadOnlyMemory<byte> frame)
    {
        string? type = "";
        var document = ReadOnlyMemory<byte>.Empty;
        var reader = new ProtobufReader(frame.Span);
        while (reader.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
            {
                reader.Read(ref type);
            }
            else if (tag == 0x12)
            {
                var length = reader.Bytes().Length;
                document = ReadRaw(frame.Slice(reader.Position - length, length));
            }
            else
            {
                reader.Skip(tag);
            }
        }
        return (type!, document);
    }

    private static ReadOnlyMemory<byte> ReadRaw(ReadOnlyMemory<byte> message)
    {
        var result = ReadOnlyMemory<byte>.Empty;
        var reader = new ProtobufReader(message.Span);
        while (reader.Next() is var tag && tag != 0)
        {
            if (tag != 0x0a)
            {
                reader.Skip(tag);
                continue;
            }
            var length = reader.Bytes().Length;
            result = message.Slice(reader.Position - length, length);
        }
        return result;
    }
}
