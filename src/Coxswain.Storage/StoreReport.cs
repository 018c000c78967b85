namespace Coxswain.Storage;

/// <summary>How a store is: its kind (memory, sqlite, etcd) and each place where it keeps its data.</summary>
public sealed record StoreReport(string Kind, IReadOnlyList<StoreMember> Members)
{
    /// <summary>Nothing keeps anything from working.</summary>
    public bool IsWell => Members.All(m => m.Error is null && m.Alarms.Count == 0);
}

/// <summary>One place where a store keeps its data: a file, or a member of an etcd cluster.</summary>
public sealed record StoreMember
{
    /// <summary>The file's path, or the member's address.</summary>
    public required string Name { get; init; }

    /// <summary>The version of the software that keeps the data; empty: this one.</summary>
    public string Version { get; init; } = "";

    /// <summary>leader, follower or learner; empty where there is but one.</summary>
    public string Role { get; init; } = "";

    /// <summary>The size on disk.</summary>
    public long Bytes { get; init; }

    /// <summary>How much of that is in use; 0: not known.</summary>
    public long BytesInUse { get; init; }

    /// <summary>How much of it is the write-ahead log; 0: not known.</summary>
    public long LogBytes { get; init; }

    /// <summary>The free space of the disk that it is on; 0: not known.</summary>
    public long DiskFreeBytes { get; init; }

    /// <summary>The size at which writes are refused; 0: not known, or none.</summary>
    public long MaxBytes { get; init; }

    /// <summary>What is wrong, or soon will be, though it answers: <c>NOSPACE</c>, <c>CORRUPT</c>, or a sentence.</summary>
    public IReadOnlyList<string> Alarms { get; init; } = [];

    /// <summary>Why it does not answer; null: it does.</summary>
    public string? Error { get; init; }
}
