using System.Buffers;
using System.Text;
using SQLitePCL;

namespace Coxswain.Storage.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite.</summary>
internal sealed class SqliteStatement(SqliteConnection connection, sqlite3_stmt handle) : IDisposable
{
    public SqliteStatement Bind(int index, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, string value)
    {
        var needed = Encoding.UTF8.GetMaxByteCount(value.Length);
        byte[]? rented = null;
        var buffer = needed <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(needed);
        var length = Encoding.UTF8.GetBytes(value, buffer);
        connection.Check(raw.sqlite3_bind_text(handle, index, buffer[..length]));
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return this;
    }

    /// <summary>Binds a value; null is NULL and an empty value is an empty blob.</summary>
    public SqliteStatement Bind(int index, ReadOnlyMemory<byte>? value)
    {
        var result = value is not { } bytes ? raw.sqlite3_bind_null(handle, index)
            : bytes.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0)
            : raw.sqlite3_bind_blob(handle, index, bytes.Span);
        connection.Check(result);
        return this;
    }

    /// <summary>Goes to the next row; false if there is none, and the statement is ready to run again.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(handle);
        if (result == raw.SQLITE_ROW)
            return true;
        if (result == raw.SQLITE_DONE)
        {
            Reset();
            return false;
        }

        // The message belongs to the connection's last call, so it is taken before the reset.
        try
        {
            connection.Throw(result);
        }
        finally
        {
            Reset();
        }

        return false;
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>Ends reading before the last row. The result repeats the last step's error, which was thrown already.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public long Integer(int column) => raw.sqlite3_column_int64(handle, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    /// <summary>A copy of a blob: SQLite's own memory is gone with the next step.</summary>
    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public void Dispose() => handle.Dispose();
}
