using Coxswain.Storage.Sqlite;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite.Faults;

/// <summary>SQLite before 3.51.3 loses commits when a copy of the log begins in the very moment in which a commit begins the log anew
/// (https://sqlite.org/wal.html#walresetbug). The layer below makes that moment as long as it needs to be.</summary>
public sealed class SqliteCheckpointerTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly FaultVfs _vfs = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _vfs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task No_copy_begins_while_the_next_commit_would_begin_the_log_anew()
    {
        SqliteFile.Create(_folder.Store);
        var options = new SqliteStoreOptions { Vfs = _vfs.Name };
        using (var writer = new SqliteConnection(_folder.Store, readOnly: false, _vfs.Name))
        {
            writer.Execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t(id INTEGER PRIMARY KEY, value BLOB)");
            await using var checkpointer = new SqliteCheckpointer(_folder.Store, options);
            var copies = 0;
            _vfs.Before = call =>
            {
                // SQLite calls this, if the log has changed since its last look, after it has read how long the log is and before it
                // looks how much of that is to be copied.
                if (call.Operation != VfsOperation.Unfetch)
                    return 0;
                copies++;
                writer.Execute("INSERT INTO t(value) VALUES (randomblob(3000))");
                return 0;
            };

            // 1. The log is copied beside the writer, and later by the writer, to its end.
            Insert(writer, 2);
            checkpointer.Request();
            await Eventually.TrueAsync(() => checkpointer.IsWhole, cancellation: Cancellation);
            Insert(writer, 40);
            checkpointer.LogHasGrown();
            checkpointer.Copy(writer);
            Assert.True(checkpointer.IsWhole);
            Assert.Equal(0, copies);

            // 2. One more copy was asked for meanwhile. It waits until the log has begun anew.
            checkpointer.Request();
            await Task.Yield();
            Insert(writer, 1);
            Assert.True(checkpointer.IsWhole);
            checkpointer.LogHasGrown();
            await Eventually.TrueAsync(() => copies == 1 && checkpointer.IsWhole, cancellation: Cancellation);

            // 3. The log grows beyond where it ended before, and what is in it is in the file at the end.
            Insert(writer, 100);
            checkpointer.LogHasGrown();
            checkpointer.Request();
            await Eventually.TrueAsync(() => copies == 2 && checkpointer.IsWhole, cancellation: Cancellation);
        }

        using var again = new SqliteConnection(_folder.Store, readOnly: false);
        Assert.Equal("ok", again.QueryText("PRAGMA integrity_check"));
        Assert.Equal(145, again.QueryInteger("SELECT count(*) FROM t"));
    }

    private static void Insert(SqliteConnection writer, int rows)
    {
        for (var i = 0; i < rows; i++)
            writer.Execute("INSERT INTO t(value) VALUES (randomblob(3000))");
    }
}
