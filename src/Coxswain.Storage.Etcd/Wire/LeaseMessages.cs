using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Wire;

internal sealed class LeaseGrantRequest : EtcdMessage<LeaseGrantRequest>
{
    public long Seconds { get; init; }

    public override int CalculateSize() => Size(Seconds);

    protected override void Write(ref WriteContext output) => Emit(ref output, 1, Seconds);
}

internal sealed class LeaseGrantResponse : EtcdResponse<LeaseGrantResponse>
{
    public long Id { get; private set; }

    /// <summary>What was granted, which may be more than was asked for.</summary>
    public long Seconds { get; private set; }

    public string Error { get; private set; } = "";

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (2 << 3) | Number:
                Id = input.ReadInt64();
                return true;
            case (3 << 3) | Number:
                Seconds = input.ReadInt64();
                return true;
            case (4 << 3) | Sized:
                Error = input.ReadString();
                return true;
            default:
                return false;
        }
    }
}

internal sealed class LeaseRequest : EtcdMessage<LeaseRequest>
{
    public long Id { get; init; }

    public override int CalculateSize() => Size(Id);

    protected override void Write(ref WriteContext output) => Emit(ref output, 1, Id);
}

internal sealed class LeaseRevokeResponse : EtcdResponse<LeaseRevokeResponse>;

internal sealed class LeaseKeepAliveResponse : EtcdResponse<LeaseKeepAliveResponse>
{
    /// <summary>0: there is no such lease any more.</summary>
    public long Seconds { get; private set; }

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        if (tag != ((3 << 3) | Number))
            return false;
        Seconds = input.ReadInt64();
        return true;
    }
}
