namespace Coxswain.Storage.Etcd.Maintenance;

/// <summary>How one member of an etcd cluster is, by its own words.</summary>
public sealed record EtcdMember
{
    /// <summary>0: not known, because nobody answered.</summary>
    public ulong Id { get; init; }

    public string Name { get; init; } = "";

    /// <summary>Where it was asked.</summary>
    public required Uri Endpoint { get; init; }

    public string Version { get; init; } = "";

    public bool IsLeader { get; init; }

    public bool IsLearner { get; init; }

    /// <summary>Whether it knows a leader, which it does while it is one of a majority.</summary>
    public bool HasLeader { get; init; }

    /// <summary>The size of its database's file.</summary>
    public long DbSize { get; init; }

    /// <summary>How much of that is in use; a defragmentation gives the rest back.</summary>
    public long DbSizeInUse { get; init; }

    /// <summary>The size at which it refuses writes; 0: not known.</summary>
    public long Quota { get; init; }

    public long RaftIndex { get; init; }

    /// <summary>How far it has applied the log; what is missing to <see cref="RaftIndex"/> is its lag.</summary>
    public long RaftAppliedIndex { get; init; }

    /// <summary>Its alarms: <c>NOSPACE</c>, <c>CORRUPT</c>.</summary>
    public IReadOnlyList<string> Alarms { get; init; } = [];

    /// <summary>How long its answer took.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Why it did not answer, or what it says is wrong; null: neither.</summary>
    public string? Error { get; init; }

    /// <summary>It answers, knows a leader, and has applied what it knows of but for what is under way.</summary>
    public bool IsHealthy => Error is null && HasLeader && RaftIndex - RaftAppliedIndex < 1000;

    /// <summary>The same in the words of every store.</summary>
    public StoreMember ToStoreMember() => new()
    {
        Name = Name.Length == 0 ? Endpoint.ToString().TrimEnd('/') : $"{Name} ({Endpoint.ToString().TrimEnd('/')})",
        Version = Version,
        Role = Error is not null && Version.Length == 0 ? "" : IsLearner ? "learner" : IsLeader ? "leader" : "follower",
        Bytes = DbSize,
        BytesInUse = DbSizeInUse,
        MaxBytes = Quota,
        Alarms = Alarms,
        Error = Error,
    };
}
