namespace Coxswain.Storage.Sqlite;

/// <summary>Copies the write-ahead log into the file beside the writer, which goes on committing meanwhile.</summary>
/// <remarks>
/// <para>A copy beside a busy writer never reaches the log's end, so the log is not begun anew and grows; then the writer
/// itself copies the little that is left (<see cref="SqliteCommitter"/>).</para>
/// <para>No copy begins while all of the log is in the file: the next commit begins the log anew then, and up to 3.51.2 SQLite loses
/// what is committed later if a copy begins in that very moment (https://sqlite.org/wal.html#walresetbug). So after a copy that
/// reached the end, the next one waits for a commit that began after it.</para>
/// </remarks>
internal sealed class SqliteCheckpointer : IAsyncDisposable
{
    private readonly string _path;
    private readonly SqliteStoreOptions _options;
    private readonly object _gate = new();

    /// <summary>Held by who copies.</summary>
    private readonly object _copying = new();

    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _requested;
    private bool _closed;
    private bool _whole;
    private int _pages;

    public SqliteCheckpointer(string path, SqliteStoreOptions options)
    {
        (_path, _options) = (path, options);
        new Thread(Run) { IsBackground = true, Name = "sqlite checkpoint" }.Start();
    }

    /// <summary>All of the log was in the file when the last copy ended, and no transaction that began since has ended.</summary>
    public bool IsWhole => Volatile.Read(ref _whole);

    /// <summary>How many pages the log had when the last copy began; 0 if it begins anew. Its file may be longer: that is written over from
    /// its beginning, which a disk flushes sooner than a file that grows.</summary>
    public int Pages => Volatile.Read(ref _pages);

    /// <summary>Asks for a copy; returns at once. One more request during a copy makes one more copy.</summary>
    public void Request()
    {
        lock (_gate)
        {
            _requested = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>A transaction which began when <see cref="IsWhole"/> was true, and which wrote something, has ended.</summary>
    public void LogHasGrown()
    {
        lock (_gate)
        {
            Volatile.Write(ref _whole, false);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Copies on the connection of the writer, which waits for it.</summary>
    public void Copy(SqliteConnection connection) => Copy(connection, writerWaits: true);

    private void Copy(SqliteConnection connection, bool writerWaits)
    {
        lock (_copying)
        {
            if (IsWhole)
                return;
            var (whole, pages) = connection.Checkpoint();

            // Where the writer waits, the end is the end, and the log begins anew with the next commit. Beside the writer it has grown since.
            Volatile.Write(ref _pages, whole && writerWaits ? 0 : pages);
            Volatile.Write(ref _whole, whole);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }

        await _stopped.Task;
    }

    private void Run()
    {
        SqliteConnection? connection = null;
        while (Take())
        {
            try
            {
                if (connection is null)
                {
                    // A connection learns that there is a log by its first read; a checkpoint before it does nothing.
                    connection = new(_path, readOnly: false, _options.Vfs);
                    connection.QueryInteger("PRAGMA schema_version");
                }

                Copy(connection, writerWaits: false);
            }
            catch (StoreException)
            {
                // Without room, or with a disk that fails, the log stays as it is: nothing is lost, and the writer meets and
                // reports the same trouble itself.
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
        _stopped.SetResult();
    }

    private bool Take()
    {
        lock (_gate)
        {
            while ((!_requested || _whole) && !_closed)
                Monitor.Wait(_gate);
            _requested = false;
            return !_closed;
        }
    }
}
