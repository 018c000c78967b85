using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Wire;

internal enum CompareTarget
{
    Version = 0,
    ModRevision = 2,
}

/// <summary>That a key's version or last revision equals a number (0: the key is absent).</summary>
internal sealed class Compare : EtcdMessage<Compare>
{
    public ByteString Key { get; init; } = ByteString.Empty;

    public CompareTarget Target { get; init; }

    public long Equal { get; init; }

    private int NumberField => Target == CompareTarget.Version ? 4 : 6;

    // The number is one of several alternatives, so it is there even when it is 0.
    public override int CalculateSize() => Size((long)Target) + Size(Key) + 1 + CodedOutputStream.ComputeInt64Size(Equal);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 2, (long)Target);
        Emit(ref output, 3, Key);
        output.WriteTag(((uint)NumberField << 3) | Number);
        output.WriteInt64(Equal);
    }
}

internal sealed class PutRequest : EtcdMessage<PutRequest>
{
    public ByteString Key { get; init; } = ByteString.Empty;

    public ByteString Value { get; init; } = ByteString.Empty;

    public long Lease { get; init; }

    public override int CalculateSize() => Size(Key) + Size(Value) + Size(Lease);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Key);
        Emit(ref output, 2, Value);
        Emit(ref output, 3, Lease);
    }
}

internal sealed class PutResponse : EtcdResponse<PutResponse>;

internal sealed class DeleteRangeRequest : EtcdMessage<DeleteRangeRequest>
{
    public ByteString Key { get; init; } = ByteString.Empty;

    public ByteString RangeEnd { get; init; } = ByteString.Empty;

    public override int CalculateSize() => Size(Key) + Size(RangeEnd);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Key);
        Emit(ref output, 2, RangeEnd);
    }
}

internal sealed class DeleteRangeResponse : EtcdResponse<DeleteRangeResponse>
{
    public long Deleted { get; private set; }

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        if (tag != ((2 << 3) | Number))
            return false;
        Deleted = input.ReadInt64();
        return true;
    }
}

/// <summary>One of the three.</summary>
internal sealed class RequestOp : EtcdMessage<RequestOp>
{
    public RangeRequest? Range { get; init; }

    public PutRequest? Put { get; init; }

    public DeleteRangeRequest? Delete { get; init; }

    public override int CalculateSize() => Size(Range) + Size(Put) + Size(Delete);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Range);
        Emit(ref output, 2, Put);
        Emit(ref output, 3, Delete);
    }
}

internal sealed class ResponseOp : EtcdMessage<ResponseOp>
{
    public RangeResponse? Range { get; private set; }

    public DeleteRangeResponse? Delete { get; private set; }

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Sized:
                Range = ReadPart<RangeResponse>(ref input);
                return true;
            case (3 << 3) | Sized:
                Delete = ReadPart<DeleteRangeResponse>(ref input);
                return true;
            default:
                return false;
        }
    }
}

/// <summary>If one comparison holds, the one list; otherwise the other. All or nothing, as one revision.</summary>
internal sealed class TxnRequest : EtcdMessage<TxnRequest>
{
    public Compare Compare { get; init; } = null!;

    public RequestOp[] Success { get; init; } = [];

    public RequestOp[] Failure { get; init; } = [];

    public override int CalculateSize()
    {
        var size = Size(Compare);
        foreach (var op in Success)
            size += Size(op);
        foreach (var op in Failure)
            size += Size(op);
        return size;
    }

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Compare);
        foreach (var op in Success)
            Emit(ref output, 2, op);
        foreach (var op in Failure)
            Emit(ref output, 3, op);
    }
}

internal sealed class TxnResponse : EtcdResponse<TxnResponse>
{
    public bool Succeeded { get; private set; }

    public List<ResponseOp> Responses { get; } = new(2);

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (2 << 3) | Number:
                Succeeded = input.ReadBool();
                return true;
            case (3 << 3) | Sized:
                Responses.Add(ReadPart<ResponseOp>(ref input));
                return true;
            default:
                return false;
        }
    }
}
