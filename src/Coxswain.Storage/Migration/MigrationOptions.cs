namespace Coxswain.Storage;

/// <summary>How a cluster's state moves from one store to another.</summary>
public sealed record MigrationOptions
{
    /// <summary>What moves. Other keys of either store are left alone.</summary>
    public string Prefix { get; init; } = "/registry/";

    /// <summary>Where keys of the migration itself are kept in the target while it runs.</summary>
    public string Scratch { get; init; } = "/coxswain/migration/";

    /// <summary>What belongs to one store and one moment only, and does not move.</summary>
    public Func<string, bool> Skip { get; init; } = static key => key.StartsWith("/registry/masterleases/", StringComparison.Ordinal);

    /// <summary>How long a key lives in a target that expires keys; null: for ever.</summary>
    public Func<string, TimeSpan?> TimeToLive { get; init; } = static _ => null;

    /// <summary>Clear what an earlier attempt left in the target, and begin anew.</summary>
    public bool Resume { get; init; }

    /// <summary>How many keys are written at the same time.</summary>
    public int Writers { get; init; } = 128;

    /// <summary>How many revisions the source may go on while it is copied, before a part of the work has to be done again.
    /// Null: a million where that costs nothing, else by how long the copying will take.</summary>
    public long? Margin { get; init; }

    /// <summary>Writes are paused when the target is at most so many revisions behind.</summary>
    public long NearlyLevel { get; init; } = 256;

    /// <summary>If the last step is not done in this time, writes go on in the source and the migration has failed.</summary>
    public TimeSpan PauseLimit { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>If the target has not caught up with the source in this time, the source is written faster than the target can be.</summary>
    public TimeSpan LevelLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What owns the target, with what belongs to it; null: nothing does.</summary>
    public IAsyncDisposable? TargetOwner { get; init; }

    /// <summary>Notes durably which store is used from the next start on. Called in the pause, when the target is complete.</summary>
    public Func<CancellationToken, Task> Persist { get; init; } = static _ => Task.CompletedTask;
}

/// <summary>The steps of a migration, in order.</summary>
public enum MigrationPhase
{
    Prepare,
    Raise,
    Copy,
    Follow,
    Check,
    Pause,
    Switch,
    Compare,
}

/// <summary>Something to tell about a step: where it is, or, with <paramref name="Done"/>, what came of it.</summary>
public sealed record MigrationStep(MigrationPhase Phase, string Detail, bool Done);

/// <param name="Keys">How many keys the target had at the switch.</param>
/// <param name="SourceRevision">The last revision of the source.</param>
/// <param name="TargetRevision">The first revision of the target that can be read.</param>
/// <param name="Pause">How long writes waited.</param>
/// <param name="Hash">SHA-256 over all keys and values, the same on both sides.</param>
public sealed record MigrationReport(long Keys, long Bytes, long SourceRevision, long TargetRevision, TimeSpan Took, TimeSpan Pause, string Hash);

/// <summary>The state did not move; the source is in use as before, unless the message says otherwise.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : StoreException(message, inner);
