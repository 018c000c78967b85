namespace Coxswain.Storage.Sqlite;

/// <summary>Reads on a connection of its own; each call sees one committed state. Not safe for concurrent use.</summary>
internal sealed class SqliteReader : IDisposable
{
    private const int CatchUpLimit = 512;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _revisions;
    private readonly SqliteStatement _get;
    private readonly SqliteStatement _list;
    private readonly SqliteStatement _count;
    private readonly SqliteStatement _liveIds;
    private readonly SqliteStatement _changedSince;
    private readonly SqliteStatement _changes;
    private readonly SqliteStatement _entry;
    private readonly SqliteStatement _checked;
    private readonly SqliteStatement _checkedKeys;

    public SqliteReader(string path, SqliteStoreOptions options)
    {
        _connection = SqliteFile.OpenReader(path, options);
        _begin = _connection.Prepare("BEGIN");
        _commit = _connection.Prepare("COMMIT");
        _revisions = _connection.Prepare(
            "SELECT coalesce((SELECT max(id) FROM entries), 1), (SELECT value FROM meta WHERE name = 'compacted')");
        _get = _connection.Prepare(
            "SELECT e.id, e.created, e.value FROM live l CROSS JOIN entries e ON e.id = l.id WHERE l.key = ?1");

        // A missing end sorts after every key: a blob is greater than any text.
        _list = _connection.Prepare(
            """
            SELECT l.key, e.created, e.id, e.value FROM live l CROSS JOIN entries e ON e.id = l.id
            WHERE l.key >= ?1 AND l.key < coalesce(?2, x'') ORDER BY l.key LIMIT ?3
            """);
        _count = _connection.Prepare("SELECT count(*) FROM live WHERE key >= ?1 AND key < coalesce(?2, x'')");
        _liveIds = _connection.Prepare("SELECT key, id FROM live WHERE key >= ?1 AND key < coalesce(?2, x'') AND id <= ?3 ORDER BY key");
        _changedSince = _connection.Prepare(
            "SELECT key, prev FROM entries WHERE id > ?1 AND key >= ?2 AND key < coalesce(?3, x'') ORDER BY id");
        _changes = _connection.Prepare("SELECT id, key, created, prev, value FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2");
        _entry = _connection.Prepare("SELECT key, created, id, value FROM entries WHERE id = ?1");

        // The value is read to its end: its last byte is on its last page.
        _checked = _connection.Prepare(
            """
            SELECT e.id, e.key, e.created, e.prev, e.value IS NOT NULL AND length(substr(e.value, -1)) >= 0, coalesce(l.id, 0)
            FROM entries e LEFT JOIN live l ON l.key = e.key WHERE e.id >= ?1 ORDER BY e.id LIMIT ?2
            """);
        _checkedKeys = _connection.Prepare(
            "SELECT l.key, l.id, e.key FROM live l LEFT JOIN entries e ON e.id = l.id AND e.value IS NOT NULL WHERE l.key >= ?1 ORDER BY l.key LIMIT ?2");
    }

    public StoreEntry? Get(string key)
    {
        if (!_get.Bind(1, key).Step())
            return null;
        var entry = new StoreEntry(key, _get.Blob(2), _get.Integer(1), _get.Integer(0));
        _get.Reset();
        return entry;
    }

    /// <summary>What a watch is told next after a revision, from the file; a bookmark if there are no changes.</summary>
    public StoreChanges ReadChanges(StoreRange range, long after) => InSnapshot(() =>
    {
        var (current, compacted) = Revisions();
        if (after < compacted)
            throw new CompactedException(after, compacted);
        var changes = new List<StoreChange>();
        var (rows, revision) = (0, after);
        _changes.Bind(1, after).Bind(2, CatchUpLimit);
        while (_changes.Step())
        {
            rows++;
            revision = _changes.Integer(0);
            var key = _changes.Text(1);
            if (!range.Contains(key))
                continue;
            var value = _changes.IsNull(4) ? null : new StoreEntry(key, _changes.Blob(4), _changes.Integer(2), revision);
            changes.Add(new(_changes.Integer(3) is > 0 and var prev ? Entry(prev) : null, value, revision));
        }

        return new StoreChanges(changes, rows < CatchUpLimit ? Math.Max(revision, current) : revision);
    });

    public StorePage List(StoreRange range, StoreListOptions options) => InSnapshot(() =>
    {
        var (current, compacted) = Revisions();
        var revision = options.Revision == 0 ? current : options.Revision;
        if (revision > current)
            throw new FutureRevisionException(revision, current);
        if (revision < compacted)
            throw new CompactedException(revision, compacted);
        return revision == current ? ListNewest(range, options.Limit, current) : ListPast(range, options.Limit, revision);
    });

    /// <summary>The bytes of the file's pages, and of those of them that hold something.</summary>
    public (long Bytes, long InUse) Usage()
    {
        var pages = _connection.QueryInteger("PRAGMA page_count");
        var size = _connection.QueryInteger("PRAGMA page_size");
        return (pages * size, (pages - _connection.QueryInteger("PRAGMA freelist_count")) * size);
    }

    /// <summary>Writes what is there now into a new file.</summary>
    /// <exception cref="SqliteInterruptedException">It was told to stop.</exception>
    public void CopyTo(string path, Func<bool> stop) => Interruptibly(stop, () =>
    {
        _connection.Prepare("VACUUM INTO ?1").Bind(1, path).Run();
        return true;
    });

    /// <summary>SQLite's check of the whole file.</summary>
    /// <returns>What is wrong, one for each line; empty: nothing.</returns>
    /// <exception cref="SqliteInterruptedException">It was told to stop.</exception>
    public IReadOnlyList<string> Check(Func<bool> stop) => Interruptibly(stop, () =>
    {
        var found = new List<string>();
        var check = _connection.Prepare("PRAGMA integrity_check(10)");
        while (check.Step())
            found.Add(check.Text(0).ReplaceLineEndings(" "));
        return found is ["ok"] ? [] : found;
    });

    /// <summary>Checks some entries, from a revision on, against what every entry must be.</summary>
    /// <returns>The first one that is wrong, in words; null: none. And where to go on; null: that was the last.</returns>
    public (string? Wrong, long? Next) CheckEntries(long from, int limit) => InSnapshot(() =>
    {
        var (wrong, last, rows) = (default(string), from, 0);
        _checked.Bind(1, from).Bind(2, limit);
        while (wrong is null && _checked.Step())
        {
            (last, rows) = (_checked.Integer(0), rows + 1);
            var (key, created, prev, live) = (_checked.Text(1), _checked.Integer(2), _checked.Integer(3), _checked.Integer(5));
            if (key.Length == 0 || created <= 0 || created > last || prev < 0 || prev >= last || (prev == 0) != (created == last))
                wrong = $"revision {last} of {key} names the revisions {created} and {prev}";
            else if (_checked.Integer(4) == 0 && live == last)
                wrong = $"revision {last} of {key} is a deletion and yet its newest entry";
            else if (live < last && live != 0)
                wrong = $"revision {last} of {key} is newer than its newest entry {live}";
        }

        _checked.Reset();
        return (wrong, rows < limit ? default(long?) : last + 1);
    });

    /// <summary>Checks that some keys, from one on, have the entry that is said to be their newest.</summary>
    /// <returns>The first that has not, in words; null: none. And where to go on; null: that was the last.</returns>
    public (string? Wrong, string? Next) CheckKeys(string from, int limit) => InSnapshot(() =>
    {
        var (wrong, last, rows) = (default(string), from, 0);
        _checkedKeys.Bind(1, from).Bind(2, limit);
        while (wrong is null && _checkedKeys.Step())
        {
            (last, rows) = (_checkedKeys.Text(0), rows + 1);
            if (_checkedKeys.IsNull(2) || _checkedKeys.Text(2) != last)
                wrong = $"the entry {_checkedKeys.Integer(1)} of {last} is missing";
        }

        _checkedKeys.Reset();
        return (wrong, rows < limit ? null : last + "\0");
    });

    public void Dispose() => _connection.Dispose();

    private StorePage ListNewest(StoreRange range, int limit, long revision)
    {
        var entries = new List<StoreEntry>();
        BindRange(_list, 1, range).Bind(3, limit == 0 ? -1 : limit);
        while (_list.Step())
            entries.Add(ReadEntry(_list));
        long count = entries.Count;
        if (limit != 0 && count == limit)
        {
            BindRange(_count, 1, range).Step();
            count = _count.Integer(0);
            _count.Reset();
        }

        return new(entries, revision, count > entries.Count, count);
    }

    /// <summary>The newest state with everything taken back that was written after a revision.</summary>
    private StorePage ListPast(StoreRange range, int limit, long revision)
    {
        // 1. The first write of a key after the revision names the row that was there at the revision.
        var past = new SortedDictionary<string, long>(StringComparer.Ordinal);
        BindRange(_changedSince.Bind(1, revision), 2, range);
        while (_changedSince.Step())
            past.TryAdd(_changedSince.Text(0), _changedSince.Integer(1));

        // 2. Keys that were not written since are as they were.
        BindRange(_liveIds, 1, range).Bind(3, revision);
        while (_liveIds.Step())
            past.Add(_liveIds.Text(0), _liveIds.Integer(1));

        // 3. Values only of what is asked for.
        var ids = past.Values.Where(id => id > 0).ToList();
        var wanted = limit == 0 ? ids.Count : Math.Min(limit, ids.Count);
        var entries = new List<StoreEntry>(wanted);
        for (var i = 0; i < wanted; i++)
            entries.Add(Entry(ids[i]));
        return new(entries, revision, ids.Count > wanted, ids.Count);
    }

    private StoreEntry Entry(long id)
    {
        if (!_entry.Bind(1, id).Step())
            throw SqliteFile.Damaged(_connection.Path, $"revision {id} is missing");
        var entry = ReadEntry(_entry);
        _entry.Reset();
        return entry;
    }

    private static StoreEntry ReadEntry(SqliteStatement row) => new(row.Text(0), row.Blob(3), row.Integer(1), row.Integer(2));

    private static SqliteStatement BindRange(SqliteStatement statement, int index, StoreRange range)
    {
        statement.Bind(index, range.Start);
        return range.End is null ? statement.Bind(index + 1, (ReadOnlyMemory<byte>?)null) : statement.Bind(index + 1, range.End);
    }

    private StoreRevisions Revisions()
    {
        _revisions.Step();
        var revisions = new StoreRevisions(_revisions.Integer(0), _revisions.Integer(1));
        _revisions.Reset();
        return revisions;
    }

    private T Interruptibly<T>(Func<bool> stop, Func<T> work)
    {
        _connection.InterruptWhen(stop);
        try
        {
            return work();
        }
        finally
        {
            _connection.InterruptWhen(null);
        }
    }

    private T InSnapshot<T>(Func<T> read)
    {
        _begin.Run();
        T result;
        try
        {
            result = read();
        }
        catch
        {
            EndAfterFailure();
            throw;
        }

        _commit.Run();
        return result;
    }

    private void EndAfterFailure()
    {
        // Statements left in the middle would keep the snapshot open.
        foreach (var statement in (ReadOnlySpan<SqliteStatement>)[_list, _liveIds, _changedSince, _changes, _entry, _checked, _checkedKeys])
            statement.Reset();
        try
        {
            _commit.Run();
        }
        catch (StoreException)
        {
            // Some failures end the transaction themselves; the one that was met is what the caller must hear of.
        }
    }
}
