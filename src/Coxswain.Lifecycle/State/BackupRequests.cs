namespace Coxswain.Lifecycle;

/// <summary>The file that holds the secret of a backup. Paths only: the secret itself is never passed around as text.</summary>
/// <param name="PassphraseFile">Its first line is the passphrase; empty: there is a key file.</param>
/// <param name="KeyFile">Its bytes are the key; empty: there is a passphrase.</param>
public sealed record BackupSecretFile(string PassphraseFile, string KeyFile);

/// <summary>One backup to be made.</summary>
/// <param name="Folder">Where, on the machine of the instance.</param>
/// <param name="Verify">Restore it into a scratch store and compare, before it gets its name.</param>
public sealed record BackupRequest(string Folder, BackupSecretFile Secret, bool Verify);

/// <summary>One backup of a folder, for people.</summary>
/// <param name="Problem">What is wrong with the file; null: nothing that can be seen without its secret.</param>
public sealed record BackupListing(
    string Name, long Bytes, DateTimeOffset? CreatedAt, long Revision, long Objects, DateTimeOffset? VerifiedAt, TimeSpan? Took, string Version, string Cluster, string? Problem);

/// <summary>A backup to be restored into an empty data folder.</summary>
/// <param name="To">Null: into the data folder itself.</param>
/// <param name="RaiseBy">How far beyond the backup's revision the restored store begins; null: far enough for what the target can do.</param>
public sealed record RestoreRequest(string File, BackupSecretFile Secret, InstanceDirectory Directory, DatastoreAddress? To, long? RaiseBy);

/// <summary>A cluster's state to be moved to another datastore.</summary>
/// <param name="Resume">Clear what an earlier attempt left in the target.</param>
/// <param name="Force">Though other API servers use the source.</param>
public sealed record MigrationRequest(DatastoreAddress To, bool Resume, bool Force);

/// <summary>How an instance makes backups by itself.</summary>
public sealed record BackupSettings
{
    /// <summary>The folder. Empty: it makes none.</summary>
    public string Directory { get; init; } = "";

    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How many are kept.</summary>
    public int Keep { get; init; } = 8;

    public string PassphraseFile { get; init; } = "";

    public string KeyFile { get; init; } = "";
}
