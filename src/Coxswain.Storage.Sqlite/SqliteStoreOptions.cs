namespace Coxswain.Storage.Sqlite;

/// <summary>How a <see cref="SqliteStore"/> behaves; the defaults suit a cluster of one to some hundred nodes.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The file may not grow beyond this. Writes are refused a little before, as when the disk is full; deletions are not.</summary>
    public long MaxBytes { get; init; } = 8L << 30;

    /// <summary>How long SQLite's own check of the file at start may take. Of a larger file only a part is checked then;
    /// <see cref="SqliteStore.CheckAsync"/> checks all.</summary>
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

    /// <summary>What reads the whole file for a long time (a copy, a check) is stopped when the write-ahead log, which cannot begin
    /// anew meanwhile, has grown to this.</summary>
    public long LogLimit { get; init; } = 1L << 30;

    /// <summary>Less free space than this on the disk is an alarm, and less than a quarter of it a serious one.</summary>
    public long LowDiskBytes { get; init; } = 1L << 30;

    /// <summary>How often size and free space are looked at.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Told of all alarms whenever one begins or ends (<see cref="SqliteStore.Alarms"/>); must not throw or block.</summary>
    public Action<IReadOnlyList<StoreAlarm>>? AlarmsChanged { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The name of SQLite's file system layer; null: its own. For tests.</summary>
    internal string? Vfs { get; init; }
}
