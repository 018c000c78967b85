using System.Globalization;

namespace Coxswain.Storage.Sqlite;

/// <summary>Looks at the store's size and the disk's free space every now and then, and raises alarms long before writes are refused.</summary>
internal sealed class SqliteHealth : IAsyncDisposable
{
    private const double NearlyFull = 0.70;
    private const double SeriousPart = 0.85;

    /// <summary>An alarm ends only when there is this much less than what began it, so that it does not come and go.</summary>
    private const double Slack = 0.05;

    private readonly SqliteStore _store;
    private readonly SqliteReaders _readers;
    private readonly SqliteStoreOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Task _loop;
    private IReadOnlyList<StoreAlarm> _alarms = [];
    private string? _damage;
    private long _inUse;
    private long _diskFree = long.MaxValue;

    public SqliteHealth(SqliteStore store, SqliteReaders readers, SqliteStoreOptions options)
    {
        (_store, _readers, _options) = (store, readers, options);
        _loop = RunAsync();
    }

    public long InUseBytes => Volatile.Read(ref _inUse);

    public long DiskFreeBytes => Volatile.Read(ref _diskFree);

    /// <summary>The alarms of the last look; that writes are refused is known at once.</summary>
    public IReadOnlyList<StoreAlarm> Alarms
    {
        get
        {
            var alarms = Volatile.Read(ref _alarms);
            return _store.Full == alarms.Any(alarm => alarm.Name == StoreAlarm.NoSpace) ? alarms : Current(alarms);
        }
    }

    /// <summary>A check has found damage.</summary>
    public void Damaged(string message)
    {
        Volatile.Write(ref _damage, message);
        Update();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                // Not on the thread that opens the store.
                await Task.Yield();
                Volatile.Write(ref _inUse, (await _readers.ReadAsync(static reader => reader.Usage(), _stop.Token)).InUse);
                Volatile.Write(ref _diskFree, new DriveInfo(Path.GetDirectoryName(_store.Path)!).AvailableFreeSpace);
                Update();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is StoreException or IOException or UnauthorizedAccessException)
            {
                // Whoever reads or writes meets the same; the next look may succeed.
            }

            await Task.Delay(_options.HealthInterval, _options.Clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Update()
    {
        lock (_gate)
        {
            var before = _alarms;
            var now = Current(before);
            Volatile.Write(ref _alarms, now);
            if (!now.Select(alarm => (alarm.Name, alarm.Serious)).SequenceEqual(before.Select(alarm => (alarm.Name, alarm.Serious))))
                _options.AlarmsChanged?.Invoke(now);
        }
    }

    private List<StoreAlarm> Current(IReadOnlyList<StoreAlarm> before)
    {
        var alarms = new List<StoreAlarm>();
        if (Volatile.Read(ref _damage) is { } damage)
            alarms.Add(new(StoreAlarm.Corrupt, Serious: true, damage));
        if (_store.Full)
        {
            alarms.Add(new(StoreAlarm.NoSpace, Serious: true,
                $"The store {_store.Path} has no room and refuses writes; free disk space, delete what is not needed, or raise its size limit."));
        }

        var used = (double)InUseBytes / _store.MaxBytes;
        if (used >= Begin(StoreAlarm.StoreNearlyFull, serious: false, NearlyFull))
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{used * 100:f0} % of the {Size(_store.MaxBytes)} that it may use");
            alarms.Add(new(StoreAlarm.StoreNearlyFull, used >= Begin(StoreAlarm.StoreNearlyFull, serious: true, SeriousPart),
                $"The store {_store.Path} uses {text}; delete what is not needed or raise its size limit, before it refuses writes."));
        }

        var free = (double)DiskFreeBytes / _options.LowDiskBytes;
        if (free <= 2 - Begin(StoreAlarm.DiskNearlyFull, serious: false, 1))
        {
            alarms.Add(new(StoreAlarm.DiskNearlyFull, free <= 0.25,
                $"The disk of the store {_store.Path} has {Size(DiskFreeBytes)} left; free disk space, before writes are refused."));
        }

        return alarms;

        double Begin(string name, bool serious, double limit) =>
            before.Any(alarm => alarm.Name == name && (alarm.Serious || !serious)) ? limit - Slack : limit;
    }

    private static string Size(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):f1} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}
