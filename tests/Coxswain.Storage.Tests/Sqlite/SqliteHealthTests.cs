using Coxswain.Storage.Sqlite;
using Coxswain.Testing;

namespace Coxswain.Storage.Tests.Sqlite;

public sealed class SqliteHealthTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly FakeClock _clock = new();
    private readonly List<string> _told = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SqliteStoreOptions Options => new()
    {
        Clock = _clock,
        LowDiskBytes = 1,
        AlarmsChanged = alarms =>
        {
            lock (_told)
                _told.Add(string.Join(", ", alarms.Select(alarm => $"{alarm.Name}{(alarm.Serious ? "!" : "")}")));
        },
    };

    public void Dispose() => _folder.Dispose();

    private async Task LookAsync()
    {
        await Eventually.TrueAsync(() => _clock.Waiting == 1, cancellation: Cancellation);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => _clock.Waiting == 1, cancellation: Cancellation);
    }

    private string[] Told()
    {
        lock (_told)
            return [.. _told];
    }

    [Fact]
    public async Task A_store_that_fills_is_an_alarm_long_before_it_refuses_writes_and_one_that_empties_ends_it()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options with { MaxBytes = 64 << 20 });
        var revisions = new Dictionary<int, long>();
        async Task WriteAsync(int from, int to)
        {
            for (var i = from; i < to; i++)
                revisions[i] = (await store.WriteAsync(new($"/{i:d4}", 0, new byte[256 << 10]), Cancellation)).Revision;
            await LookAsync();
        }

        await WriteAsync(0, 170);
        Assert.Empty(store.Alarms);
        Assert.InRange(store.InUseBytes, 170L << 18, 180L << 18);

        // 1. 70 %: a warning, which names the mend.
        await WriteAsync(170, 181);
        var alarm = Assert.Single(store.Alarms);
        Assert.Equal($"The store {_folder.Store} uses 71 % of the 64 MiB that it may use; delete what is not needed or raise its size limit, before it refuses writes.", alarm.Message);
        Assert.Equal([alarm.Message], store.Report().Members[0].Alarms);
        Assert.False(store.Full);

        // 2. 75 % of this small store is where values are refused; deletions are not.
        await Assert.ThrowsAsync<StoreFullException>(() => WriteAsync(181, 256));
        await LookAsync();
        Assert.Equal([StoreAlarm.NoSpace, StoreAlarm.StoreNearlyFull], store.Alarms.Select(one => one.Name));
        var last = 0L;
        foreach (var (i, revision) in revisions.Take(120))
            last = (await store.WriteAsync(new($"/{i:d4}", revision, null), Cancellation)).Revision;

        // 3. With what was deleted compacted, there is room again.
        await store.CompactAsync(last, Cancellation);
        await store.WriteAsync(new("/after", 0, new byte[256 << 10]), Cancellation);
        await LookAsync();
        Assert.Empty(store.Alarms);
        Assert.Equal(["STORE-NEARLY-FULL", "NOSPACE!, STORE-NEARLY-FULL", ""], Told());
    }

    [Fact]
    public async Task A_disk_that_fills_is_an_alarm()
    {
        await using var store = SqliteStore.Open(_folder.Store, Options with { LowDiskBytes = long.MaxValue / 2 });
        await LookAsync();

        Assert.Equal((StoreAlarm.DiskNearlyFull, true), (Assert.Single(store.Alarms).Name, store.Alarms[0].Serious));
        Assert.StartsWith($"The disk of the store {_folder.Store} has ", store.Alarms[0].Message, StringComparison.Ordinal);
        Assert.InRange(store.DiskFreeBytes, 1, long.MaxValue - 1);
        Assert.Equal(["DISK-NEARLY-FULL!"], Told());
    }

    [Fact]
    public async Task Damage_that_a_check_finds_is_an_alarm_and_names_the_mend()
    {
        await using (var store = SqliteStore.Open(_folder.Store, Options))
        {
            for (var i = 0; i < 300; i++)
                await store.WriteAsync(new($"/{i:d4}", 0, new byte[3000]), Cancellation);
            Assert.Empty(await store.CheckAsync(Cancellation));
            Assert.Empty(store.Alarms);
        }

        await using (var file = File.OpenWrite(_folder.Store))
        {
            file.Position = file.Length / 2;
            file.Write(Enumerable.Repeat((byte)0xa5, 8192).ToArray());
        }

        // The start looks only as long as it may.
        await using var damaged = SqliteStore.Open(_folder.Store, Options with { CheckTime = TimeSpan.Zero });
        Assert.NotEmpty(await damaged.CheckAsync(Cancellation));
        var alarm = Assert.Single(damaged.Alarms);
        Assert.Equal((StoreAlarm.Corrupt, true), (alarm.Name, alarm.Serious));
        Assert.StartsWith($"The store {_folder.Store} is damaged (", alarm.Message, StringComparison.Ordinal);
        Assert.EndsWith("restore a backup, or move the file away to begin with an empty cluster.", alarm.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE live SET id = id - 1 WHERE key = '/0007'", "is newer than its newest entry")]
    [InlineData("DELETE FROM entries WHERE key = '/0007'", "of /0007 is missing")]
    [InlineData("UPDATE entries SET prev = id + 5 WHERE key = '/0007'", "names the revisions")]
    public async Task Entries_that_do_not_fit_together_are_found_by_the_check(string damage, string found)
    {
        await using (var store = SqliteStore.Open(_folder.Store, Options))
        {
            for (var i = 0; i < 100; i++)
                await store.WriteAsync(new($"/{i:d4}", 0, new byte[10]), Cancellation);
        }

        using (var connection = new SqliteConnection(_folder.Store, readOnly: false))
            connection.Execute(damage);
        await using var damaged = SqliteStore.Open(_folder.Store, Options);
        Assert.Contains(found, Assert.Single(await damaged.CheckAsync(Cancellation)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DROP TABLE live", "its tables are missing")]
    [InlineData("DELETE FROM meta", "its tables are missing")]
    [InlineData("DELETE FROM live WHERE key = '/0099'", "revision 101 does not fit the rest")]
    [InlineData("UPDATE entries SET value = NULL WHERE id = 101", "revision 101 does not fit the rest")]
    public async Task Newest_writes_that_do_not_fit_are_found_at_start(string damage, string found)
    {
        await using (var store = SqliteStore.Open(_folder.Store, Options))
        {
            for (var i = 0; i < 100; i++)
                await store.WriteAsync(new($"/{i:d4}", 0, new byte[10]), Cancellation);
        }

        using (var connection = new SqliteConnection(_folder.Store, readOnly: false))
            connection.Execute(damage);
        var error = Assert.Throws<StoreCorruptException>(() => SqliteStore.Open(_folder.Store, Options));
        Assert.Contains(found, error.Message, StringComparison.Ordinal);
        Assert.Contains("restore a backup", error.Message, StringComparison.Ordinal);
    }
}
