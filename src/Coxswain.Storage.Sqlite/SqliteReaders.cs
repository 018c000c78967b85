using System.Collections.Concurrent;

namespace Coxswain.Storage.Sqlite;

/// <summary>The reading connections: a few reads at once, each on a connection of its own.</summary>
/// <remarks>Reads can be held up for a moment. While one read after the other overlaps the next, the write-ahead log cannot begin anew
/// and would grow for ever; without readers it can.</remarks>
#pragma warning disable CA1001 // Reads may still wait in the semaphores when they are closed; neither holds anything that needs freeing.
internal sealed class SqliteReaders(string path, SqliteStoreOptions options) : IAsyncDisposable
#pragma warning restore CA1001
{
    private readonly ConcurrentBag<SqliteReader> _idle = [];
    private readonly SemaphoreSlim _slots = new(options.Readers, options.Readers);

    /// <summary>Two that each hold some of the slots would wait for each other.</summary>
    private readonly SemaphoreSlim _pausing = new(1, 1);

    private bool _closed;

    public async ValueTask<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), typeof(SqliteStore));
            if (!_idle.TryTake(out var reader))
                reader = new(path, options);
            try
            {
                return read(reader);
            }
            finally
            {
                _idle.Add(reader);
            }
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Waits until no read is under way. New ones wait until <see cref="Resume"/>, which must follow.</summary>
    public async Task PauseAsync()
    {
        await _pausing.WaitAsync(CancellationToken.None);
        for (var i = 0; i < options.Readers; i++)
            await _slots.WaitAsync(CancellationToken.None);
    }

    public void Resume()
    {
        _slots.Release(options.Readers);
        _pausing.Release();
    }

    /// <summary>Waits for the reads under way and closes their connections; later reads find the store closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await PauseAsync();
        Volatile.Write(ref _closed, true);
        while (_idle.TryTake(out var reader))
            reader.Dispose();
        Resume();
    }
}
