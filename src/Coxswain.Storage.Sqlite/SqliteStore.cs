using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Coxswain.Storage.Sqlite;

/// <summary>The store of one machine: a SQLite file with a write-ahead log, flushed to disk before a write is acknowledged.</summary>
/// <remarks>
/// <para>One thread writes; the writes that wait while a commit is flushed share the next one. Reads run on connections of their
/// own and see the newest commit. Watches are fed from memory, in commit order, and read the file when they are behind.</para>
/// <para>An acknowledged write survives kill -9 and loss of power. When there is no room, writes fail with
/// <see cref="StoreFullException"/> while reads and watches go on. One process at a time may have the file open.</para>
/// </remarks>
public sealed class SqliteStore : IStore
{
    private readonly SqliteStoreOptions _options;
    private readonly FileStream _lock;
    private readonly SqliteCommitter _committer;
    private readonly ConcurrentBag<SqliteReader> _readers = [];
    private readonly SemaphoreSlim _readerSlots;
    private int _disposed;

    private SqliteStore(string path, SqliteStoreOptions options, FileStream fileLock)
    {
        (Path, _options, _lock) = (path, options, fileLock);
        _readerSlots = new(options.Readers, options.Readers);
        _committer = new(path, options);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The size of the file with its write-ahead log.</summary>
    public long SizeBytes => Length(Path) + Length(Path + "-wal");

    /// <summary>The size at which writes are refused.</summary>
    public long MaxBytes => _options.MaxBytes;

    /// <summary>How many transactions have been flushed to disk.</summary>
    public long Commits => _committer.Commits;

    /// <summary>How many writes they carried.</summary>
    public long Writes => _committer.Writes;

    /// <summary>Whether the last commit failed for want of room.</summary>
    public bool Full => _committer.Full;

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="StoreLockedException">Another process has it open.</exception>
    /// <exception cref="StoreCorruptException">It is damaged, not a store, or of a newer version.</exception>
    /// <exception cref="StoreException">It cannot be opened or made.</exception>
    public static SqliteStore Open(string path, SqliteStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        FileStream? fileLock = null;
        try
        {
            SqliteFile.Create(path);
            fileLock = SqliteFile.Lock(path);
            return new(path, options ?? new(), fileLock);
        }
        catch (Exception error)
        {
            fileLock?.Dispose();
            if (error is UnauthorizedAccessException or IOException)
            {
                throw new StoreException(
                    $"The store {path} cannot be opened ({error.Message}); check the owner and mode of the file and its folder.", error);
            }

            throw;
        }
    }

    public bool ExpiresKeys => false;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        return new(new StoreRevisions(_committer.Log.Revision, _committer.Compacted));
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return await ReadAsync(reader => reader.Get(key), cancellation);
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation) =>
        await ReadAsync(reader => reader.List(range, options), cancellation);

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentException.ThrowIfNullOrEmpty(write.Key);
        ThrowIfDisposed();
        var pending = new PendingWrite(write);
        await _committer.SubmitAsync(pending, cancellation);
        return await pending.Task;
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var log = _committer.Log;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfDisposed();
            if (after < _committer.Compacted)
                throw new CompactedException(after, _committer.Compacted);
            if (!log.TryRead(range, after, out var batch))
                batch = await ReadAsync(reader => reader.ReadChanges(range, after), cancellation);
            if (batch is null)
            {
                await log.WaitAsync(after, cancellation);
                continue;
            }

            after = batch.Revision;
            yield return batch;
        }
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        if (revision > _committer.Log.Revision)
            throw new FutureRevisionException(revision, _committer.Log.Revision);
        await _committer.CompactAsync(revision).WaitAsync(cancellation);
    }

    /// <summary>Writes all of the store as it is at one revision into a new file, which <see cref="Open"/> opens. Writes go on.</summary>
    /// <exception cref="StoreException">The file exists, or cannot be written.</exception>
    public async ValueTask CopyToAsync(string path, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        if (File.Exists(path) && new FileInfo(path).Length > 0)
            throw new StoreException($"The file {path} exists already; name another one.");

        // Made before SQLite does, so that only the owner can ever read it.
        SqliteFile.Create(path);
        await ReadAsync(
            reader =>
            {
                reader.CopyTo(path);
                return true;
            },
            cancellation);
    }

    /// <summary>Commits what waits, ends watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _committer.Log.Close(new ObjectDisposedException(nameof(SqliteStore)));

        // Readers first: the last connection to close folds the write-ahead log into the file.
        for (var i = 0; i < _options.Readers; i++)
            await _readerSlots.WaitAsync(CancellationToken.None);
        while (_readers.TryTake(out var reader))
            reader.Dispose();

        // Reads that still wait for their turn find the store closed.
        _readerSlots.Release(_options.Readers);
        await _committer.DisposeAsync();
        await _lock.DisposeAsync();
    }

    private async ValueTask<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        await _readerSlots.WaitAsync(cancellation);
        try
        {
            ThrowIfDisposed();
            if (!_readers.TryTake(out var reader))
                reader = new(Path);
            try
            {
                return read(reader);
            }
            finally
            {
                _readers.Add(reader);
            }
        }
        finally
        {
            _readerSlots.Release();
        }
    }

    private static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
