using Google.Protobuf;

namespace Coxswain.Storage.Etcd.Wire;

/// <summary>A request without fields.</summary>
internal sealed class EmptyRequest : EtcdMessage<EmptyRequest>
{
    public static EmptyRequest Instance { get; } = new();
}

internal sealed class StatusResponse : EtcdResponse<StatusResponse>
{
    public string Version { get; private set; } = "";

    public long DbSize { get; private set; }

    public ulong Leader { get; private set; }

    public long RaftIndex { get; private set; }

    public long RaftTerm { get; private set; }

    public long RaftAppliedIndex { get; private set; }

    public List<string> Errors { get; } = [];

    public long DbSizeInUse { get; private set; }

    public bool IsLearner { get; private set; }

    /// <summary>From etcd 3.6 on; 0 before.</summary>
    public long Quota { get; private set; }

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (2 << 3) | Sized:
                Version = input.ReadString();
                return true;
            case (3 << 3) | Number:
                DbSize = input.ReadInt64();
                return true;
            case (4 << 3) | Number:
                Leader = input.ReadUInt64();
                return true;
            case (5 << 3) | Number:
                RaftIndex = input.ReadInt64();
                return true;
            case (6 << 3) | Number:
                RaftTerm = input.ReadInt64();
                return true;
            case (7 << 3) | Number:
                RaftAppliedIndex = input.ReadInt64();
                return true;
            case (8 << 3) | Sized:
                Errors.Add(input.ReadString());
                return true;
            case (9 << 3) | Number:
                DbSizeInUse = input.ReadInt64();
                return true;
            case (10 << 3) | Number:
                IsLearner = input.ReadBool();
                return true;
            case (12 << 3) | Number:
                Quota = input.ReadInt64();
                return true;
            default:
                return false;
        }
    }
}

internal sealed class DefragmentResponse : EtcdResponse<DefragmentResponse>;

internal enum AlarmAction
{
    Get = 0,
    Deactivate = 2,
}

internal enum AlarmType
{
    None = 0,
    NoSpace = 1,
    Corrupt = 2,
}

internal sealed class AlarmRequest : EtcdMessage<AlarmRequest>
{
    public AlarmAction Action { get; init; }

    public ulong MemberId { get; init; }

    public AlarmType Alarm { get; init; }

    public override int CalculateSize() => Size((long)Action) + Size((long)MemberId) + Size((long)Alarm);

    protected override void Write(ref WriteContext output)
    {
        Emit(ref output, 1, (long)Action);
        Emit(ref output, 2, (long)MemberId);
        Emit(ref output, 3, (long)Alarm);
    }
}

internal sealed class AlarmMember : EtcdMessage<AlarmMember>
{
    public ulong MemberId { get; private set; }

    public AlarmType Alarm { get; private set; }

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Number:
                MemberId = input.ReadUInt64();
                return true;
            case (2 << 3) | Number:
                Alarm = (AlarmType)input.ReadEnum();
                return true;
            default:
                return false;
        }
    }
}

internal sealed class AlarmResponse : EtcdResponse<AlarmResponse>
{
    public List<AlarmMember> Alarms { get; } = [];

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        if (tag != ((2 << 3) | Sized))
            return false;
        Alarms.Add(ReadPart<AlarmMember>(ref input));
        return true;
    }
}

internal sealed class ListedMember : EtcdMessage<ListedMember>
{
    public ulong Id { get; private set; }

    /// <summary>Empty: the member has not started yet.</summary>
    public string Name { get; private set; } = "";

    public List<string> ClientUrls { get; } = [];

    protected override bool Read(uint tag, ref ParseContext input)
    {
        switch (tag)
        {
            case (1 << 3) | Number:
                Id = input.ReadUInt64();
                return true;
            case (2 << 3) | Sized:
                Name = input.ReadString();
                return true;
            case (4 << 3) | Sized:
                ClientUrls.Add(input.ReadString());
                return true;
            default:
                return false;
        }
    }
}

internal sealed class MemberListResponse : EtcdResponse<MemberListResponse>
{
    public List<ListedMember> Members { get; } = [];

    protected override bool ReadBody(uint tag, ref ParseContext input)
    {
        if (tag != ((2 << 3) | Sized))
            return false;
        Members.Add(ReadPart<ListedMember>(ref input));
        return true;
    }
}
