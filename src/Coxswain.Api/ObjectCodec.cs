using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coxswain.Api;

/// <summary>Reads and writes the documents of one kind. Stateless and safe to share between threads.</summary>
public abstract class ObjectCodec
{
    /// <summary>How documents are written to clients and to the store: no white space, and only what must be escaped is.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = JsonDecoder.MaxDepth,
    };

    public abstract GroupVersionKind Kind { get; }

    public abstract Type ObjectType { get; }

    public abstract SchemaType Schema { get; }

    /// <summary>Reads an object. apiVersion and kind are not compared with the codec's. Unknown fields are dropped and, like
    /// duplicate ones, noted in the report if there is one.</summary>
    /// <exception cref="DecodeException">The text is no JSON, or a value has another type than the schema's; upstream's
    /// message.</exception>
    public abstract IKubernetesObject ReadJson(ReadOnlySpan<byte> utf8, DecodeReport? report);

    /// <summary>Writes an object of <see cref="ObjectType"/>: kind and apiVersion, then the fields in declaration order.</summary>
    public abstract void WriteJson(Utf8JsonWriter writer, IKubernetesObject value);

    /// <summary>Whether there is a protobuf form: Table and a few documents of discovery have none.</summary>
    public abstract bool HasProtobuf { get; }

    /// <summary>Reads an object from its message, which is what the envelope holds. Unknown fields are dropped.</summary>
    /// <exception cref="DecodeException">The bytes are no protobuf, or a value in them is none of its type.</exception>
    /// <exception cref="NotSupportedException">The kind has no protobuf form.</exception>
    public abstract IKubernetesObject ReadProtobuf(ReadOnlySpan<byte> message);

    /// <summary>Writes an object as a message without the envelope, byte for byte as upstream does.</summary>
    /// <exception cref="NotSupportedException">The kind has no protobuf form.</exception>
    public void WriteProtobuf(IBufferWriter<byte> output, IKubernetesObject value) => WriteProtobuf(output, value, null);

    /// <summary>Writes the message and lets another put more in front of it.</summary>
    internal abstract void WriteProtobuf(IBufferWriter<byte> output, IKubernetesObject value, ProtobufFinisher? finish);

    /// <summary>The object as a new array of UTF-8.</summary>
    public byte[] ToJson(IKubernetesObject value)
    {
        using var buffer = JsonBuffer.Rent();
        WriteJson(buffer.Writer, value);
        return buffer.ToArray();
    }

    /// <summary>The object as it is stored. Upstream stores protobuf, which cannot tell a list without items from no list: what was
    /// <c>[]</c> in the request is null in every answer.</summary>
    public byte[] ToStoredJson(IKubernetesObject value)
    {
        using var form = JsonOutput.BeginStoredForm();
        return ToJson(value);
    }
}

internal delegate void ProtobufFinisher(ref ProtobufWriter writer, GroupVersionKind kind);

/// <summary>A codec whose object type is known.</summary>
public abstract class ObjectCodec<T> : ObjectCodec where T : class, IKubernetesObject
{
    public sealed override Type ObjectType => typeof(T);

    /// <inheritdoc cref="ObjectCodec.ReadJson"/>
    public abstract T Read(ReadOnlySpan<byte> utf8, DecodeReport? report = null);

    public abstract void Write(Utf8JsonWriter writer, T value);

    public sealed override IKubernetesObject ReadJson(ReadOnlySpan<byte> utf8, DecodeReport? report) => Read(utf8, report);

    public sealed override void WriteJson(Utf8JsonWriter writer, IKubernetesObject value) => Write(writer, (T)value);
}
