using System.Buffers;

namespace Coxswain.Api;

/// <summary>What stands around an object on the wire and in the store: <c>k8s\0</c>, then apiVersion and kind, then the message.</summary>
public static class ProtobufEnvelope
{
    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    public static bool IsEnvelope(ReadOnlySpan<byte> document) => document.StartsWith(Magic);

    /// <summary>Opens a document; the message in it is not looked at.</summary>
    /// <exception cref="DecodeException">It is no envelope.</exception>
    public static ProtobufDocument Read(ReadOnlyMemory<byte> document)
    {
        if (!IsEnvelope(document.Span))
            throw new DecodeException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        var body = document[Magic.Length..];
        var reader = new ProtobufReader(body.Span);
        string? apiVersion = "", kind = "", encoding = "", contentType = "";
        var message = ReadOnlyMemory<byte>.Empty;
        while (reader.Next() is var tag && tag != 0)
        {
            switch (tag)
            {
                case 0x0a:
                    ReadType(reader.Message(), ref apiVersion, ref kind);
                    break;
                case 0x12:
                    var bytes = reader.Bytes();
                    message = body.Slice(reader.Position - bytes.Length, bytes.Length);
                    break;
                case 0x1a:
                    reader.Read(ref encoding);
                    break;
                case 0x22:
                    reader.Read(ref contentType);
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
        return new(apiVersion!, kind!, message, encoding!, contentType!);
    }

    /// <summary>Writes an object with its envelope.</summary>
    public static void Write(IBufferWriter<byte> output, ObjectCodec codec, IKubernetesObject value) =>
        codec.WriteProtobuf(output, value, Finish);

    /// <summary>An object with its envelope, in a new array.</summary>
    public static byte[] ToBytes(ObjectCodec codec, IKubernetesObject value)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(output, codec, value);
        return output.WrittenSpan.ToArray();
    }

    // Backwards, like all writing: content type and encoding (always there, always empty), then what stands before the message.
    private static void Finish(ref ProtobufWriter writer, GroupVersionKind kind)
    {
        writer.Close(0x12, 4);
        var mark = writer.Mark;
        writer.Write(0x12, kind.Kind);
        writer.Write(0x0a, kind.ApiVersion);
        writer.Close(0x0a, mark);
        writer.Raw(Magic);
    }

    private static void ReadType(ProtobufReader reader, ref string? apiVersion, ref string? kind)
    {
        while (reader.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
                reader.Read(ref apiVersion);
            else if (tag == 0x12)
                reader.Read(ref kind);
            else
                reader.Skip(tag);
        }
    }
}

/// <summary>An opened envelope. The message is a part of the document's memory.</summary>
public readonly record struct ProtobufDocument(
    string ApiVersion, string Kind, ReadOnlyMemory<byte> Message, string ContentEncoding, string ContentType)
{
    /// <summary>The kind by group and version; false if apiVersion is not of the form group/version.</summary>
    public bool TryGetKind(out GroupVersionKind kind)
    {
        kind = GroupVersion.TryParse(ApiVersion, out var version) ? new(version.Group, version.Version, Kind) : default;
        return kind.Version is not null;
    }
}
