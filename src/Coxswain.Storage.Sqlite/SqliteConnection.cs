using System.Diagnostics.CodeAnalysis;
using SQLitePCL;

namespace Coxswain.Storage.Sqlite;

/// <summary>One connection to the file and its kept statements. Not safe for concurrent use.</summary>
internal sealed class SqliteConnection : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly List<SqliteStatement> _statements = [];

    static SqliteConnection() => SqliteLibrary.Load();

    /// <param name="vfs">The name of the file system layer; null: SQLite's own.</param>
    public SqliteConnection(string path, bool readOnly, string? vfs = null)
    {
        Path = path;
        var flags = (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE) | raw.SQLITE_OPEN_NOMUTEX;
        var result = raw.sqlite3_open_v2(path, out _handle, flags, vfs);
        if (result != raw.SQLITE_OK)
        {
            var error = Error(result);
            _handle.Dispose();
            throw error;
        }

        _ = raw.sqlite3_extended_result_codes(_handle, 1);
        _ = raw.sqlite3_busy_timeout(_handle, 10_000);
    }

    public string Path { get; }

    /// <summary>A statement that lives as long as the connection.</summary>
    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
        var statement = new SqliteStatement(this, handle);
        _statements.Add(statement);
        return statement;
    }

    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    public long QueryInteger(string sql) => long.Parse(QueryText(sql), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The first column of the first row; empty if there is none.</summary>
    public string QueryText(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        using var statement = new SqliteStatement(this, handle);
        return statement.Step() ? statement.Text(0) : "";
    }

    /// <summary>Interrupts whatever runs when the function says so; it is asked every some thousand steps. Null: never.</summary>
    public void InterruptWhen(Func<bool>? stop) =>
        raw.sqlite3_progress_handler(_handle, stop is null ? 0 : 2000, stop is null ? null : _ => stop() ? 1 : 0, null);

    /// <summary>Copies what it can of the write-ahead log into the file without waiting for anyone.</summary>
    /// <returns>Whether all that was in the log when the copy began is in the file, and how many pages that were.</returns>
    public (bool Whole, int Pages) Checkpoint()
    {
        var result = raw.sqlite3_wal_checkpoint_v2(_handle, null, raw.SQLITE_CHECKPOINT_PASSIVE, out var inLog, out var copied);
        if ((result & 0xff) is not (raw.SQLITE_OK or raw.SQLITE_BUSY))
            throw Error(result);
        return (result == raw.SQLITE_OK && copied == inLog, Math.Max(0, inLog));
    }

    public void Dispose()
    {
        foreach (var statement in _statements)
            statement.Dispose();
        _handle.Dispose();
    }

    internal void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            Throw(result);
    }

    [DoesNotReturn]
    internal void Throw(int result) => throw Error(result);

    private StoreException Error(int result)
    {
        var detail = raw.sqlite3_errmsg(_handle).utf8_to_string();
        return (result & 0xff) switch
        {
            raw.SQLITE_FULL => Full(detail),
            _ when result == raw.SQLITE_IOERR_SHMSIZE => Full(detail),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => SqliteFile.Damaged(Path, detail),
            raw.SQLITE_INTERRUPT => new SqliteInterruptedException(),
            raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_READONLY or raw.SQLITE_AUTH => new StoreException(
                $"The store {Path} cannot be opened for writing ({detail}); check the owner and mode of the file and its folder."),
            _ => new StoreException($"The store {Path} failed ({detail}, SQLite code {result})."),
        };
    }

    internal StoreFullException Full(string detail) => new(
        $"The store {Path} has no room for the write ({detail}); free disk space or raise its size limit, "
        + "and writes go on by themselves.");
}

/// <summary>A statement was stopped because its time was up.</summary>
internal sealed class SqliteInterruptedException() : StoreException("interrupted");
