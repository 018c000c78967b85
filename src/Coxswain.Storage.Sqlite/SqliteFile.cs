using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Coxswain.Storage.Sqlite;

/// <summary>The file itself: its making, its form, its check, and the lock that keeps a second process out.</summary>
/// <remarks>
/// The form (user_version 1):
/// <code>
/// entries(id, key, created, prev, value)   one row per write; id is the revision, prev the revision that it replaced
///                                          (0: none), value NULL is a deletion
/// live(key, id, created)                   the newest row of every key that exists
/// meta(name, value)                        compacted: revisions before it cannot be read; swept: rows up to it are cleaned up
/// </code>
/// Rows are only added and, by compaction, removed. The row of the newest revision is never removed, so the greatest id is the
/// current revision. As <c>prev</c> names the replaced row, compaction walks the ids once, and a past state is the present one
/// taken back: neither needs an index over old rows.
/// </remarks>
internal static partial class SqliteFile
{
    private const int FormatVersion = 1;

    /// <summary>O_RDONLY | O_CLOEXEC.</summary>
    private const int ReadOnlyFolder = 0x80000;

    /// <summary>"Cxsw": what tells our file from any other SQLite file.</summary>
    private const int ApplicationId = 0x43787377;

    /// <summary>Makes the file if it is missing, and the folder. Only the owner may read either: Secrets are in it.</summary>
    public static void Create(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            FlushFolder(System.IO.Path.GetDirectoryName(folder) ?? "/");
        }

        if (File.Exists(path))
            return;

        // SQLite gives its side files the mode of the main file.
        using (var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
            file.Flush(flushToDisk: true);
        FlushFolder(folder);
    }

    /// <summary>Makes the names in a folder durable: a file that was flushed is lost with the power if its name was not.</summary>
    public static void FlushFolder(string folder)
    {
        // .NET opens no folders.
        var handle = Open(folder, ReadOnlyFolder);
        if (handle < 0)
            throw new IOException($"{folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        var result = Flush(handle);
        var error = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(handle);
        if (result != 0)
            throw new IOException($"{folder}: {error}");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);

    /// <summary>Takes the lock that keeps other processes out until it is disposed. The kernel frees it when the process dies.</summary>
    public static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new StoreLockedException(
                $"The store {path} is in use by another process; stop that one first, or choose another data folder.", error);
        }
    }

    /// <summary>Opens the connection that writes, and brings a new file into form.</summary>
    public static SqliteConnection Open(string path, SqliteStoreOptions options)
    {
        var connection = new SqliteConnection(path, readOnly: false, options.Vfs);
        try
        {
            var version = connection.QueryInteger("PRAGMA user_version");
            var application = connection.QueryInteger("PRAGMA application_id");
            if (version > FormatVersion && application == ApplicationId)
            {
                throw new StoreCorruptException(
                    $"The store {path} was written by a newer version (format {version}, this one knows {FormatVersion}); use that version.");
            }

            if (application != ApplicationId && connection.QueryInteger("SELECT count(*) FROM sqlite_schema") > 0)
                throw new StoreCorruptException($"The file {path} is not a store of ours; move it away or choose another data folder.");
            if (version == 0)
                connection.Execute("PRAGMA auto_vacuum = INCREMENTAL");
            else if (options.CheckTime > TimeSpan.Zero)
                Check(connection, options.CheckTime);
            FileInfo file = new(path), log = new(path + "-wal");
            if (version != 0 && !(log.Exists && log.Length > 0) && connection.QueryInteger("PRAGMA page_count") * connection.QueryInteger("PRAGMA page_size") > file.Length)
                throw Damaged(path, "it was cut off");

            // A copy that SQLite made is in another mode.
            if (connection.QueryText("PRAGMA journal_mode = WAL") != "wal")
                throw new StoreException($"The store {path} lies on a file system without shared memory; choose a local folder.");
            if (version == 0)
                Format(connection);
            else
                CheckNewest(connection);
            Tune(connection, cacheKilobytes: 8192);

            // A log that begins anew keeps its file up to the length at which it counts as long (SqliteCommitter.LongLog) and a little more:
            // a flush of what is written over takes a fraction of the flush of a file that grows.
            var keep = options.CheckpointBytes * (SqliteCommitter.LongLog + 2);
            connection.Execute($"PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {keep}");
            var pages = Math.Max(16, options.MaxBytes / connection.QueryInteger("PRAGMA page_size"));
            connection.Execute($"PRAGMA max_page_count = {pages}");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection that reads.</summary>
    public static SqliteConnection OpenReader(string path, SqliteStoreOptions options)
    {
        var connection = new SqliteConnection(path, readOnly: true, options.Vfs);
        Tune(connection, cacheKilobytes: 2048);
        return connection;
    }

    /// <summary>What reads for long keeps the log from beginning anew; it gives up when the log has become too long by that.</summary>
    public static bool IsInTheWay(string path, SqliteStoreOptions options) =>
        new FileInfo(path + "-wal") is { Exists: true } log && log.Length > options.LogLimit;

    public static StoreException InTheWay(string what, string path, Exception? inner = null) => new(
        $"The {what} of the store {path} was stopped: more was written meanwhile than its log may hold; try again when less is written.", inner);

    public static void ThrowIfInTheWay(string what, string path, SqliteStoreOptions options)
    {
        if (IsInTheWay(path, options))
            throw InTheWay(what, path);
    }

    public static StoreCorruptException Damaged(string path, string detail) =>
        new($"The store {path} is damaged ({detail}); restore a backup, or move the file away to begin with an empty cluster.");

    private static void Format(SqliteConnection connection) => connection.Execute(
        $"""
        BEGIN IMMEDIATE;
        CREATE TABLE entries(
            id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, prev INTEGER NOT NULL, value BLOB) STRICT;
        CREATE TABLE live(key TEXT PRIMARY KEY, id INTEGER NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta(name, value) VALUES ('compacted', 0), ('swept', 0);
        PRAGMA application_id = {ApplicationId};
        PRAGMA user_version = {FormatVersion};
        COMMIT;
        """);

    /// <summary>Whether the tables are ours and the newest writes, on the pages that a crash would have torn, can be read and fit together.</summary>
    private static void CheckNewest(SqliteConnection connection)
    {
        if (connection.QueryInteger("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('entries', 'live', 'meta')") != 3
            || connection.QueryInteger("SELECT count(*) FROM meta WHERE name IN ('compacted', 'swept')") != 2)
            throw Damaged(connection.Path, "its tables are missing");

        // The newest write is its key's newest; of the ones before it, a later one may have been.
        var wrong = connection.QueryText(
            """
            WITH newest AS (SELECT id, key, created, prev, value FROM entries ORDER BY id DESC LIMIT 64)
            SELECT n.id FROM newest n LEFT JOIN live l ON l.key = n.key
            WHERE n.created > n.id OR n.prev >= n.id OR length(substr(n.value, -1)) < 0 OR coalesce(l.id < n.id, 0)
               OR (n.id = (SELECT max(id) FROM newest) AND (n.value IS NULL) IS NOT (l.id IS NULL)) LIMIT 1
            """);
        if (wrong.Length > 0)
            throw Damaged(connection.Path, $"revision {wrong} does not fit the rest");
    }

    private static void Check(SqliteConnection connection, TimeSpan limit)
    {
        var since = Stopwatch.GetTimestamp();
        connection.InterruptWhen(() => Stopwatch.GetElapsedTime(since) > limit);
        try
        {
            if (connection.QueryText("PRAGMA quick_check(1)") is var verdict && verdict != "ok")
                throw Damaged(connection.Path, verdict.Replace('\n', ' '));
        }
        catch (SqliteInterruptedException)
        {
            // Larger than what can be checked in this time: no damage was found in the part that was.
        }
        finally
        {
            connection.InterruptWhen(null);
        }
    }

    private static void Tune(SqliteConnection connection, int cacheKilobytes) =>
        connection.Execute($"PRAGMA cache_size = -{cacheKilobytes}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
}
