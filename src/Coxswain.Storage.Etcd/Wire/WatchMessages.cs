using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Wire;

internal sealed class WatchCreateRequest : EtcdMessage<WatchCreateRequest>
{
    public ByteString Key { get; init; } = ByteString.Empty;

    public ByteString RangeEnd { get; init; } = ByteString.Empty;

    /// <summary>The first revision that is sent.</summary>
    public long StartRevision { get; init; }

    public override int CalculateSize() => Size(Key) + Size(RangeEnd) + Size(StartRevision) + 4;

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, Key);
        Emit(ref output, 2, RangeEnd);
        Emit(ref output, 3, StartRevision);

        // With what was there before, and in several answers where one would be too large.
        Emit(ref output, 6, 1);
        Emit(ref output, 8, 1);
    }
}

internal sealed class WatchRequest : EtcdMessage<WatchRequest>
{
    public WatchCreateRequest? Create { get; init; }

    public override int CalculateSize() => Size(Create);

    protected override void Write(ref WriteContext output) => Emit(ref output, 1, Create);
}

internal sealed class WatchResponse : EtcdResponse<WatchResponse>
{
    public bool Created { get; private set; }

    public bool Canceled { get; private set; }

    /// <summary>Not 0: the watch was ended because it asked for what is compacted.</summary>
    public long CompactRevision { get; private set; }

    public string CancelReason { get; private set; } = "";

    /// <summary>The rest of these events comes with the next answer.</summary>
    public bool Fragment { get; private set; }

    public List<WatchedEvent> Events { get; } = [];

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (3 << 3) | Number:
                Created = input.ReadBool();
                return true;
            case (4 << 3) | Number:
                Canceled = input.ReadBool();
                return true;
            case (5 << 3) | Number:
                CompactRevision = input.ReadInt64();
                return true;
            case (6 << 3) | Sized:
                CancelReason = input.ReadString();
                return true;
            case (7 << 3) | Number:
                Fragment = input.ReadBool();
                return true;
            case (11 << 3) | Sized:
                Events.Add(ReadPart<WatchedEvent>(ref input));
                return true;
            default:
                return false;
        }
    }
}

internal sealed class WatchedEvent : EtcdMessage<WatchedEvent>
{
    public bool IsDelete { get; private set; }

    public KeyValue? Current { get; private set; }

    public KeyValue? Previous { get; private set; }

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Number:
                IsDelete = input.ReadEnum() == 1;
                return true;
            case (2 << 3) | Sized:
                Current = ReadPart<KeyValue>(ref input);
                return true;
            case (3 << 3) | Sized:
                Previous = ReadPart<KeyValue>(ref input);
                return true;
            default:
                return false;
        }
    }
}
