using System.Runtime.CompilerServices;

namespace Coxswain.Storage.Sqlite;

/// <summary>One state, read in one long read transaction.</summary>
internal sealed class SqliteSnapshot : StoreSnapshot
{
    private const int PageRows = 2000;
    private const long PageBytes = 4 << 20;

    private readonly string _path;
    private readonly SqliteStoreOptions _options;
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _page;
    private readonly SqliteStatement _count;

    public SqliteSnapshot(string path, SqliteStoreOptions options)
    {
        (_path, _options) = (path, options);
        _connection = SqliteFile.OpenReader(path, options);
        try
        {
            _page = _connection.Prepare(
                """
                SELECT l.key, e.created, e.id, e.value FROM live l CROSS JOIN entries e ON e.id = l.id
                WHERE l.key >= ?1 AND l.key < coalesce(?2, x'') ORDER BY l.key
                """);
            _count = _connection.Prepare("SELECT count(*) FROM live WHERE key >= ?1 AND key < coalesce(?2, x'')");

            // The state is the one that the first read of the transaction sees.
            _connection.Execute("BEGIN");
            Revision = _connection.QueryInteger("SELECT coalesce((SELECT max(id) FROM entries), 1)");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public override long Revision { get; }

    public override ValueTask<long> CountAsync(StoreRange range, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Bind(_count, range).Step();
        var count = _count.Integer(0);
        _count.Reset();
        return new(count);
    }

    public override async IAsyncEnumerable<IReadOnlyList<StoreEntry>> ReadAsync(
        StoreRange range, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        try
        {
            Bind(_page, range);
            var more = true;
            while (more)
            {
                cancellation.ThrowIfCancellationRequested();
                SqliteFile.ThrowIfInTheWay("read", _path, _options);
                var entries = new List<StoreEntry>();
                long bytes = 0;
                while (entries.Count < PageRows && bytes < PageBytes && (more = _page.Step()))
                {
                    var entry = new StoreEntry(_page.Text(0), _page.Blob(3), _page.Integer(1), _page.Integer(2));
                    entries.Add(entry);
                    bytes += entry.Value.Length;
                }

                if (entries.Count > 0)
                    yield return entries;
            }
        }
        finally
        {
            _page.Reset();
        }
    }

    public override ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return default;
    }

    private static SqliteStatement Bind(SqliteStatement statement, StoreRange range)
    {
        statement.Bind(1, range.Start);
        return range.End is null ? statement.Bind(2, (ReadOnlyMemory<byte>?)null) : statement.Bind(2, range.End);
    }
}
