using System.Runtime.CompilerServices;

namespace Coxswain.Storage.Sqlite;

/// <summary>The store of one machine: a SQLite file with a write-ahead log, flushed to disk before a write is acknowledged.</summary>
/// <remarks>
/// <para>One thread writes; the writes that wait while a commit is flushed share the next one. Reads run on connections of their
/// own and see the newest commit. Watches are fed from memory, in commit order, and read the file when they are behind.</para>
/// <para>An acknowledged write survives kill -9 and loss of power. When there is no room, writes fail with
/// <see cref="StoreFullException"/> while reads and watches go on. One process at a time may have the file open.</para>
/// </remarks>
public sealed class SqliteStore : IStore, ISnapshotStore, IRevisionAdvance
{
    private readonly SqliteStoreOptions _options;
    private readonly FileStream _lock;
    private readonly SqliteReaders _readers;
    private readonly SqliteCommitter _committer;
    private readonly SqliteHealth _health;

    /// <summary>Whoever reads the whole file for a long time: one at a time.</summary>
    private readonly SemaphoreSlim _longRead = new(1, 1);

    private int _disposed;

    private SqliteStore(string path, SqliteStoreOptions options, FileStream fileLock)
    {
        (Path, _options, _lock) = (path, options, fileLock);
        _readers = new(path, options);
        _committer = new(path, options, _readers);
        _health = new(this, _readers, options);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The size of the file with its write-ahead log.</summary>
    public long SizeBytes => Length(Path) + LogBytes;

    /// <summary>The size of the write-ahead log.</summary>
    public long LogBytes => Length(Path + "-wal");

    /// <summary>How much of the file holds something; the rest is free for new writes. As of the last look (every ten seconds).</summary>
    public long InUseBytes => _health.InUseBytes;

    /// <summary>The free space of the disk, as of the last look.</summary>
    public long DiskFreeBytes => _health.DiskFreeBytes;

    /// <summary>What people should see to before it stops the store, or that has.</summary>
    public IReadOnlyList<StoreAlarm> Alarms => _health.Alarms;

    /// <summary>The version of SQLite that does the work, and where it came from.</summary>
    public static string Library => SqliteLibrary.Description;

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

    /// <summary>How the store is.</summary>
    public StoreReport Report() => new("sqlite",
    [
        new()
        {
            Name = Path,
            Version = Library,
            Bytes = SizeBytes,
            BytesInUse = InUseBytes,
            LogBytes = LogBytes,
            DiskFreeBytes = DiskFreeBytes,
            MaxBytes = MaxBytes,
            Alarms = [.. Alarms.Select(alarm => alarm.Name is StoreAlarm.NoSpace or StoreAlarm.Corrupt ? alarm.Name : alarm.Message)],
        },
    ]);

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        return new(new StoreRevisions(_committer.Log.Revision, _committer.Compacted));
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfDisposed();
        return await _readers.ReadAsync(reader => reader.Get(key), cancellation);
    }

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        return await _readers.ReadAsync(reader => reader.List(range, options), cancellation);
    }

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
                batch = await _readers.ReadAsync(reader => reader.ReadChanges(range, after), cancellation);
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

    /// <remarks>Reads on a connection of its own. Until it is disposed, the write-ahead log is not begun anew.</remarks>
    public ValueTask<StoreSnapshot> OpenSnapshotAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        return new(new SqliteSnapshot(Path, _options));
    }

    public async ValueTask AdvanceAsync(long revision, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        await _committer.AdvanceAsync(revision);
    }

    /// <summary>Makes a new file that holds entries given in key order, each at a new revision after <paramref name="after"/>; clients of
    /// older revisions must read anew. Quick: nothing is flushed until the end.</summary>
    /// <returns>The newest revision.</returns>
    /// <exception cref="StoreException">The file exists, or cannot be written; what was begun is to be deleted by the caller.</exception>
    public static Task<long> CreateAsync(
        string path, IAsyncEnumerable<IReadOnlyList<StoreEntry>> pages, long after, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(pages);
        return SqliteLoad.RunAsync(System.IO.Path.GetFullPath(path), pages, after, cancellation);
    }

    /// <summary>Writes all of the store as it is at one revision into a new file, which <see cref="Open"/> opens. Writes go on.</summary>
    /// <remarks>Flushed to disk when it returns; when it throws there is no file.</remarks>
    /// <exception cref="StoreException">The file exists, or cannot be written, or so much was written meanwhile that the log became too long.</exception>
    public async ValueTask CopyToAsync(string path, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        if (File.Exists(path) && new FileInfo(path).Length > 0)
            throw new StoreException($"The file {path} exists already; name another one.");

        // Made before SQLite does, so that only the owner can ever read it.
        SqliteFile.Create(path);
        try
        {
            await LongReadAsync("copy", (reader, stop) =>
            {
                reader.CopyTo(path, stop);
                return true;
            }, cancellation);
            await using (var file = File.OpenWrite(path))
                file.Flush(flushToDisk: true);
            SqliteFile.FlushFolder(System.IO.Path.GetDirectoryName(path)!);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Checks the whole file while the store is in use: every page by SQLite's own check, then every entry by ours.</summary>
    /// <remarks>What is wrong becomes an alarm too. Takes about a second for 300 MB, on the caller's thread, with pauses between.</remarks>
    /// <returns>What is wrong, in words; empty: nothing.</returns>
    /// <exception cref="StoreException">So much was written meanwhile that the log became too long; the check may be tried again.</exception>
    public async ValueTask<IReadOnlyList<string>> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<string> wrong = await LongReadAsync("check", (reader, stop) => reader.Check(stop), cancellation);
            if (wrong.Count == 0 && await CheckEntriesAsync(cancellation) is { } found)
                wrong = [found];
            if (wrong.Count > 0)
                _health.Damaged(SqliteFile.Damaged(Path, string.Join("; ", wrong)).Message);
            return wrong;
        }
        catch (StoreCorruptException error)
        {
            // So damaged that it cannot even be checked.
            _health.Damaged(error.Message);
            return [error.Message];
        }
    }

    /// <summary>Commits what waits, ends watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _committer.Log.Close(new ObjectDisposedException(nameof(SqliteStore)));

        // Readers first: the last connection to close folds the write-ahead log into the file.
        await _longRead.WaitAsync(CancellationToken.None);
        _longRead.Release();
        await _health.DisposeAsync();
        await _readers.DisposeAsync();
        await _committer.DisposeAsync();
        await _lock.DisposeAsync();
    }

    private async ValueTask<string?> CheckEntriesAsync(CancellationToken cancellation)
    {
        const int Step = 512;
        var wrong = default(string);
        for (long? from = 0; from is { } id && wrong is null;)
        {
            (wrong, from) = await _readers.ReadAsync(reader => reader.CheckEntries(id, Step), cancellation);
            await Task.Yield();
        }

        for (var from = ""; from is { } key && wrong is null;)
        {
            (wrong, from) = await _readers.ReadAsync(reader => reader.CheckKeys(key, Step), cancellation);
            await Task.Yield();
        }

        return wrong;
    }

    /// <summary>Reads on a connection that nobody waits for, until it is done, cancelled, closed, or in the way of the log.</summary>
    private async ValueTask<T> LongReadAsync<T>(string what, Func<SqliteReader, Func<bool>, T> read, CancellationToken cancellation)
    {
        ThrowIfDisposed();
        await _longRead.WaitAsync(cancellation);
        try
        {
            ThrowIfDisposed();
            using var reader = new SqliteReader(Path, _options);
            return read(reader, () => cancellation.IsCancellationRequested || Volatile.Read(ref _disposed) != 0 || SqliteFile.IsInTheWay(Path, _options));
        }
        catch (SqliteInterruptedException error)
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfDisposed();
            throw SqliteFile.InTheWay(what, Path, error);
        }
        finally
        {
            _longRead.Release();
        }
    }

    private static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
