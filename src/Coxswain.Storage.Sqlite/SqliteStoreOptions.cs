namespace Coxswain.Storage.Sqlite;

/// <summary>How a <see cref="SqliteStore"/> behaves; the defaults suit a cluster of one to some hundred nodes.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The file may not grow beyond this; writes are refused then, as when the disk is full.</summary>
    public long MaxBytes { get; init; } = 8L << 30;

    /// <summary>How long the check of the file at start may take. A file that is larger than what is checked in this time is
    /// checked in part.</summary>
    public TimeSpan CheckTime { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many writes may wait for their commit; further ones wait outside.</summary>
    public int QueueLimit { get; init; } = 4096;

    /// <summary>How many writes one commit may carry.</summary>
    public int BatchLimit { get; init; } = 512;

    /// <summary>How many bytes of values one commit may carry (one write always goes).</summary>
    public long BatchBytes { get; init; } = 8 << 20;

    /// <summary>The changes kept in memory for watches; a watch that is behind them reads the file.</summary>
    public int LogCount { get; init; } = 4096;

    /// <summary>The bytes of values that the changes in memory may hold.</summary>
    public long LogBytes { get; init; } = 8 << 20;

    /// <summary>How many reads may run at once.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>The write-ahead log is copied into the file when it has grown by this many bytes.</summary>
    public long CheckpointBytes { get; init; } = 8 << 20;
}
