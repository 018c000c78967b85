using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Wire;

/// <summary>Of which cluster, member and revision an answer is.</summary>
internal sealed class ResponseHeader : EtcdMessage<ResponseHeader>
{
    public static ResponseHeader None { get; } = new();

    public ulong ClusterId { get; private set; }

    public ulong MemberId { get; private set; }

    public long Revision { get; private set; }

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Number:
                ClusterId = input.ReadUInt64();
                return true;
            case (2 << 3) | Number:
                MemberId = input.ReadUInt64();
                return true;
            case (3 << 3) | Number:
                Revision = input.ReadInt64();
                return true;
            default:
                return false;
        }
    }
}

/// <summary>An answer with a header, which every answer of etcd's has as its first field.</summary>
internal interface IEtcdResponse
{
    ResponseHeader Header { get; }
}

internal abstract class EtcdResponse<T> : EtcdMessage<T>, IEtcdResponse where T : EtcdResponse<T>, new()
{
    public ResponseHeader Header { get; private set; } = ResponseHeader.None;

    protected sealed override bool Read(uint tag, ref ParseContext input)
    {
        if (tag != ((1 << 3) | Sized))
            return ReadBody(tag, ref input);
        Header = ReadPart<ResponseHeader>(ref input);
        return true;
    }

    protected virtual bool ReadBody(uint tag, ref ParseContext input) => false;
}

internal sealed class KeyValue : EtcdMessage<KeyValue>
{
    public string Key { get; private set; } = "";

    public ByteString Value { get; private set; } = ByteString.Empty;

    public long CreateRevision { get; private set; }

    public long ModRevision { get; private set; }

    public long Version { get; private set; }

    public long Lease { get; private set; }

    /// <summary>The value's bytes are shared, not copied.</summary>
    public StoreEntry ToEntry() => new(Key, Value.Memory, CreateRevision, ModRevision);

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Sized:
                Key = input.ReadString();
                return true;
            case (2 << 3) | Number:
                CreateRevision = input.ReadInt64();
                return true;
            case (3 << 3) | Number:
                ModRevision = input.ReadInt64();
                return true;
            case (4 << 3) | Number:
                Version = input.ReadInt64();
                return true;
            case (5 << 3) | Sized:
                Value = input.ReadBytes();
                return true;
            case (6 << 3) | Number:
                Lease = input.ReadInt64();
                return true;
            default:
                return false;
        }
    }
}

internal sealed class RangeRequest : EtcdMessage<RangeRequest>
{
    /// <summary>As the start and the end of a range: all keys.</summary>
    public static ByteString AllKeys { get; } = ByteString.CopyFrom(0);

    public ByteString Key { get; init; } = ByteString.Empty;

    public ByteString RangeEnd { get; init; } = ByteString.Empty;

    public long Limit { get; init; }

    public long Revision { get; init; }

    public bool KeysOnly { get; init; }

    public bool CountOnly { get; init; }

    public override int CalculateSize() => Size(Key) + Size(RangeEnd) + Size(Limit) + Size(Revision) + (KeysOnly ? 2 : 0) + (CountOnly ? 2 : 0);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Key);
        Emit(ref output, 2, RangeEnd);
        Emit(ref output, 3, Limit);
        Emit(ref output, 4, Revision);
        Emit(ref output, 8, KeysOnly ? 1 : 0);
        Emit(ref output, 9, CountOnly ? 1 : 0);
    }
}

internal sealed class RangeResponse : EtcdResponse<RangeResponse>
{
    public List<KeyValue> KeyValues { get; } = [];

    public bool More { get; private set; }

    public long Count { get; private set; }

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (2 << 3) | Sized:
                KeyValues.Add(ReadPart<KeyValue>(ref input));
                return true;
            case (3 << 3) | Number:
                More = input.ReadBool();
                return true;
            case (4 << 3) | Number:
                Count = input.ReadInt64();
                return true;
            default:
                return false;
        }
    }
}

internal sealed class CompactionRequest : EtcdMessage<CompactionRequest>
{
    public long Revision { get; init; }

    /// <summary>Answer only when the old revisions are out of the file.</summary>
    public bool Physical { get; init; }

    public override int CalculateSize() => Size(Revision) + (Physical ? 2 : 0);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Revision);
        Emit(ref output, 2, Physical ? 1 : 0);
    }
}

internal sealed class CompactionResponse : EtcdResponse<CompactionResponse>;
