using System.Diagnostics;

namespace Coxswain.Storage.Sqlite;

/// <summary>Writes on the one connection that does. Not safe for concurrent use: one thread owns it.</summary>
internal sealed class SqliteWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly RecentEntries _recent = new();
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _find;
    private readonly SqliteStatement _append;
    private readonly SqliteStatement _create;
    private readonly SqliteStatement _update;
    private readonly SqliteStatement _delete;
    private readonly SqliteStatement _setCompacted;
    private readonly SqliteStatement _sweepReplaced;
    private readonly SqliteStatement _sweepDeleted;
    private readonly SqliteStatement _setSwept;
    private readonly SqliteStatement _pageCount;
    private readonly SqliteStatement _freeCount;

    /// <summary>Beyond this many pages in use only deletions are taken: they make room, if they find some.</summary>
    private readonly long _pagesForAll;

    private long _pagesInUse;
    private long _pagesSinceLook = long.MaxValue / 2;
    private readonly SqliteStatement _nextRow;

    public SqliteWriter(string path, SqliteStoreOptions options)
    {
        _connection = SqliteFile.Open(path, options);
        _begin = _connection.Prepare("BEGIN IMMEDIATE");
        _commit = _connection.Prepare("COMMIT");
        _find = _connection.Prepare(
            "SELECT e.id, e.created, e.value FROM live l CROSS JOIN entries e ON e.id = l.id WHERE l.key = ?1");
        _append = _connection.Prepare("INSERT INTO entries(id, key, created, prev, value) VALUES (?1, ?2, ?3, ?4, ?5)");
        _create = _connection.Prepare("INSERT INTO live(key, id, created) VALUES (?1, ?2, ?2)");
        _update = _connection.Prepare("UPDATE live SET id = ?2 WHERE key = ?1");
        _delete = _connection.Prepare("DELETE FROM live WHERE key = ?1");
        _setCompacted = _connection.Prepare("UPDATE meta SET value = ?1 WHERE name = 'compacted'");
        _sweepReplaced = _connection.Prepare(
            "DELETE FROM entries WHERE id IN (SELECT prev FROM entries WHERE id > ?1 AND id <= ?2 AND prev > 0)");

        // A deletion's row goes when the next revision is swept: so the row of the newest revision always stays.
        _sweepDeleted = _connection.Prepare("DELETE FROM entries WHERE id >= ?1 AND id < ?2 AND value IS NULL");
        _setSwept = _connection.Prepare("UPDATE meta SET value = ?1 WHERE name = 'swept'");
        _pageCount = _connection.Prepare("PRAGMA page_count");
        _freeCount = _connection.Prepare("PRAGMA freelist_count");
        _nextRow = _connection.Prepare("SELECT min(id) FROM entries WHERE id > ?1");
        PageSize = _connection.QueryInteger("PRAGMA page_size");
        var pages = options.MaxBytes / PageSize;
        _pagesForAll = pages - Math.Min(pages / 4, (options.BatchBytes * 2 / PageSize) + (4 * options.BatchLimit));
        Revision = ReadRevision();
        Compacted = _connection.QueryInteger("SELECT value FROM meta WHERE name = 'compacted'");
        Swept = _connection.QueryInteger("SELECT value FROM meta WHERE name = 'swept'");
    }

    public long PageSize { get; }

    /// <summary>The newest committed revision.</summary>
    public long Revision { get; private set; }

    public long Compacted { get; private set; }

    /// <summary>Rows that only revisions up to this one need have been removed.</summary>
    public long Swept { get; private set; }

    /// <summary>Commits conditional writes in one transaction, all or none.</summary>
    public void Commit(ReadOnlySpan<PendingWrite> writes, List<StoreChange> changes)
    {
        Begin();
        var revision = Revision;
        try
        {
            var room = HasRoom(writes);
            foreach (var pending in writes)
            {
                if (room || pending.Write.Value is null)
                    pending.Result = Apply(pending.Write, ref revision, changes);
                else
                    pending.Refuse(_connection.Full("its size limit is reached"));
            }

            _commit.Run();
        }
        catch
        {
            Rollback();
            throw;
        }

        Revision = revision;
    }

    /// <summary>Durably refuses reads before a revision; what they would have needed is swept later.</summary>
    public void Compact(long revision)
    {
        _setCompacted.Bind(1, revision).Run();
        Compacted = revision;
    }

    /// <summary>Steps over revisions: the next write gets the one after this.</summary>
    public void Advance(long revision)
    {
        Begin();
        try
        {
            // The row of the newest revision is what says which one that is; as a deletion of nothing it is swept with the next.
            _append.Bind(1, revision).Bind(2, "/").Bind(3, revision).Bind(4, 0).Bind(5, (ReadOnlyMemory<byte>?)null).Run();
            _setCompacted.Bind(1, revision).Run();
            _commit.Run();
        }
        catch
        {
            Rollback();
            throw;
        }

        (Revision, Compacted) = (revision, revision);
    }

    /// <summary>Removes rows that nobody can ask for any more, for some more revisions.</summary>
    /// <returns>How long it took.</returns>
    public TimeSpan Sweep(int revisions)
    {
        var since = Stopwatch.GetTimestamp();
        var end = Math.Min(Compacted, RowBefore(Swept + revisions));
        Begin();
        try
        {
            _sweepReplaced.Bind(1, Swept).Bind(2, end).Run();
            _sweepDeleted.Bind(1, Swept).Bind(2, end).Run();
            _setSwept.Bind(1, end).Run();
            _commit.Run();
        }
        catch
        {
            Rollback();
            throw;
        }

        Swept = end;
        return Stopwatch.GetElapsedTime(since);
    }

    /// <summary>Gives pages back to the file system, if there are more free ones than a working store needs.</summary>
    /// <returns>Whether there are more to give.</returns>
    public bool Shrink(int pages, out bool gave)
    {
        var free = _connection.QueryInteger("PRAGMA freelist_count");
        var spare = Math.Max(1024, _connection.QueryInteger("PRAGMA page_count") / 8);
        gave = free > spare;
        if (!gave)
            return false;
        _connection.Execute($"PRAGMA incremental_vacuum({Math.Min(pages, free - spare)})");
        return free - spare > pages;
    }

    /// <summary>Copies the write-ahead log into the file.</summary>
    public void Checkpoint(SqliteCheckpointer checkpointer) => checkpointer.Copy(_connection);

    /// <summary>Reads what is committed after a failure that left it open.</summary>
    public long ReadRevision() => _connection.QueryInteger("SELECT coalesce((SELECT max(id) FROM entries), 1)");

    /// <summary>Accepts that a commit which was reported as failed is there.</summary>
    public void Accept(long revision) => Revision = revision;

    public void Dispose() => _connection.Dispose();

    /// <summary>Whether values may still be written. Looked at more often the closer the limit is.</summary>
    private bool HasRoom(ReadOnlySpan<PendingWrite> writes)
    {
        if (_pagesInUse + _pagesSinceLook > _pagesForAll / 2)
        {
            _pagesInUse = Number(_pageCount) - Number(_freeCount);
            _pagesSinceLook = 0;
        }

        foreach (var pending in writes)
            _pagesSinceLook += 4 + ((pending.Write.Value?.Length ?? 0) / PageSize);
        return _pagesInUse < _pagesForAll;

        static long Number(SqliteStatement statement)
        {
            statement.Step();
            var number = statement.Integer(0);
            statement.Reset();
            return number;
        }
    }

    private WriteResult Apply(StoreWrite write, ref long revision, List<StoreChange> changes)
    {
        var before = _recent.Find(write.Key) ?? Find(write.Key);
        if ((before?.ModRevision ?? 0) != write.ExpectedRevision || (before is null && write.Value is null))
            return new(Committed: false, revision, before);

        revision++;
        var after = write.Value is { } value ? new StoreEntry(write.Key, value, before?.CreateRevision ?? revision, revision) : null;
        _append.Bind(1, revision).Bind(2, write.Key).Bind(3, before?.CreateRevision ?? revision)
            .Bind(4, write.ExpectedRevision).Bind(5, write.Value).Run();
        if (before is null)
            _create.Bind(1, write.Key).Bind(2, revision).Run();
        else if (after is null)
            _delete.Bind(1, write.Key).Run();
        else
            _update.Bind(1, write.Key).Bind(2, revision).Run();
        if (after is null)
            _recent.Remove(write.Key);
        else
            _recent.Set(after);
        changes.Add(new(before, after, revision));
        return new(Committed: true, revision, after);
    }

    private StoreEntry? Find(string key)
    {
        if (!_find.Bind(1, key).Step())
            return null;
        var entry = new StoreEntry(key, _find.Blob(2), _find.Integer(1), _find.Integer(0));
        _find.Reset();
        return entry;
    }

    /// <summary>The last revision before the first row after this one: where revisions were stepped over there are no rows to look at.</summary>
    private long RowBefore(long revision)
    {
        _nextRow.Bind(1, revision).Step();
        var next = _nextRow.IsNull(0) ? long.MaxValue : _nextRow.Integer(0);
        _nextRow.Reset();
        return next - 1;
    }

    private void Begin() => _begin.Run();

    private void Rollback()
    {
        _recent.Clear();
        _find.Reset();
        try
        {
            _connection.Execute("ROLLBACK");
        }
        catch (StoreException)
        {
            // Some failures roll back by themselves; then there is nothing left to roll back.
        }
    }
}
