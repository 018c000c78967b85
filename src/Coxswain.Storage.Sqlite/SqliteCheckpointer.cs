namespace Coxswain.Storage.Sqlite;

/// <summary>Copies the write-ahead log into the file beside the writer, which goes on committing meanwhile.</summary>
/// <remarks>A copy beside a busy writer never reaches the log's end, so the log is not begun anew and grows; then the writer
/// itself copies the little that is left (<see cref="SqliteCommitter"/>).</remarks>
internal sealed class SqliteCheckpointer : IAsyncDisposable
{
    private readonly string _path;
    private readonly object _gate = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _requested;
    private bool _closed;

    public SqliteCheckpointer(string path)
    {
        _path = path;
        new Thread(Run) { IsBackground = true, Name = "sqlite checkpoint" }.Start();
    }

    /// <summary>Asks for a copy; returns at once. One more request during a copy makes one more copy.</summary>
    public void Request()
    {
        lock (_gate)
        {
            _requested = true;
            Monitor.Pulse(_gate);
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
                    connection = new(_path, readOnly: false);
                    connection.QueryInteger("PRAGMA schema_version");
                }

                connection.Checkpoint();
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
            while (!_requested && !_closed)
                Monitor.Wait(_gate);
            _requested = false;
            return !_closed;
        }
    }
}
