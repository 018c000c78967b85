namespace Coxswain.Storage.Sqlite;

/// <summary>Fills a new file in one go: both tables grow at their end only, without a log, and are flushed once.</summary>
internal static class SqliteLoad
{

    public static async Task<long> RunAsync(
        string path, IAsyncEnumerable<IReadOnlyList<StoreEntry>> pages, long after, CancellationToken cancellation)
    {
        if (File.Exists(path) && new FileInfo(path).Length > 0)
            throw new StoreException($"The file {path} exists already; name another one.");
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        SqliteFile.Create(path);
        await using var claim = SqliteFile.Lock(path);
        long revision;
        using (var connection = SqliteFile.Open(path, new()))
        {
            connection.Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536");
            revision = await FillAsync(connection, pages, after, cancellation);
        }

        // The next opening finds a file that was never in use: the log is made then.
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
        return revision;
    }

    private static async Task<long> FillAsync(
        SqliteConnection connection, IAsyncEnumerable<IReadOnlyList<StoreEntry>> pages, long after, CancellationToken cancellation)
    {
        var append = connection.Prepare("INSERT INTO entries(id, key, created, prev, value) VALUES (?1, ?2, ?3, ?4, ?5)");
        var create = connection.Prepare("INSERT INTO live(key, id, created) VALUES (?1, ?2, ?2)");
        var revision = after;
        connection.Execute("BEGIN IMMEDIATE");
        await foreach (var page in pages.WithCancellation(cancellation))
        {
            foreach (var entry in page)
            {
                // As if each had just been created: what an entry replaced is not here, so it replaced nothing.
                revision++;
                append.Bind(1, revision).Bind(2, entry.Key).Bind(3, revision).Bind(4, 0L).Bind(5, entry.Value).Run();
                create.Bind(1, entry.Key).Bind(2, revision).Run();
            }
        }

        // As when revisions are stepped over: nothing older can be read, and an empty file too says where it is.
        revision++;
        append.Bind(1, revision).Bind(2, "/").Bind(3, revision).Bind(4, 0L).Bind(5, (ReadOnlyMemory<byte>?)null).Run();
        connection.Execute($"UPDATE meta SET value = {revision}");
        connection.Execute("COMMIT");
        return revision;
    }
}
