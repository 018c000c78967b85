using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Coxswain.Storage.Etcd.Wire;

/// <summary>A message of etcd's that is written and read by hand: only the fields that we use, no descriptors, no reflection.</summary>
/// <remarks>Field numbers are those of etcd's published API. Fields that are not known are skipped.</remarks>
internal abstract class EtcdMessage<T> : IMessage<T>, IBufferMessage where T : EtcdMessage<T>, new()
{
    /// <summary>Tag of a field of varints.</summary>
    protected const uint Number = 0;

    /// <summary>Tag of a field with a length before it.</summary>
    protected const uint Sized = 2;

    public static MessageParser<T> Parser { get; } = new MessageParser<T>(static () => new T()).WithDiscardUnknownFields(true);

    MessageDescriptor IMessage.Descriptor => throw new NotSupportedException("etcd's messages have no descriptors here");

    public virtual int CalculateSize() => 0;

    /// <summary>Writes the fields, as many bytes as <see cref="CalculateSize"/> said.</summary>
    protected virtual void Write(ref WriteContext output)
    {
    }

    /// <summary>Reads one field. False: it is none that is known.</summary>
    protected virtual bool Read(uint tag, ref ParseContext input) => false;

    public void InternalMergeFrom(ref ParseContext input)
    {
        while (input.ReadTag() is var tag and not 0)
        {
            if (!Read(tag, ref input))
                UnknownFieldSet.MergeFieldFrom(null, ref input);
        }
    }

    public void InternalWriteTo(ref WriteContext output) => Write(ref output);

    public void MergeFrom(CodedInputStream input) => input.ReadRawMessage(this);

    public void WriteTo(CodedOutputStream output) => output.WriteRawMessage(this);

    public void MergeFrom(T message) => throw new NotSupportedException("etcd's messages are not merged here");

    public T Clone() => throw new NotSupportedException("etcd's messages are not cloned here");

    public bool Equals(T? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    protected static TPart ReadPart<TPart>(ref ParseContext input) where TPart : EtcdMessage<TPart>, new()
    {
        var part = new TPart();
        input.ReadMessage(part);
        return part;
    }

    protected static void Emit(ref WriteContext output, int field, long value)
    {
        if (value == 0)
            return;
        output.WriteTag(((uint)field << 3) | Number);
        output.WriteInt64(value);
    }

    protected static void Emit(ref WriteContext output, int field, ByteString value)
    {
        if (value.IsEmpty)
            return;
        output.WriteTag(((uint)field << 3) | Sized);
        output.WriteBytes(value);
    }

    protected static void Emit<TPart>(ref WriteContext output, int field, TPart? value) where TPart : class, IMessage
    {
        if (value is null)
            return;
        output.WriteTag(((uint)field << 3) | Sized);
        output.WriteMessage(value);
    }

    // Every field that we send has a number below 16, so that its tag is one byte.
    protected static int Size(long value) => value == 0 ? 0 : 1 + CodedOutputStream.ComputeInt64Size(value);

    protected static int Size(ByteString value) => value.IsEmpty ? 0 : 1 + CodedOutputStream.ComputeBytesSize(value);

    protected static int Size<TPart>(TPart? value) where TPart : class, IMessage => value is null ? 0 : 1 + CodedOutputStream.ComputeMessageSize(value);
}
