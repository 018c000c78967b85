namespace Coxswain.Backup;

/// <summary>How backups are made by themselves.</summary>
/// <param name="Interval">From the beginning of one to that of the next.</param>
/// <param name="Keep">How many of this cluster's are kept in the folder.</param>
public sealed record BackupScheduleOptions(string Folder, TimeSpan Interval, int Keep, string Cluster);

/// <summary>How the last turn of a schedule went.</summary>
public sealed record BackupTurn(DateTimeOffset At, string? Path, string? Error, DateTimeOffset Next);

/// <summary>Makes a backup every so often, and removes the oldest ones.</summary>
/// <remarks>Goes by the newest backup in the folder: one that was missed while nothing ran is made at the start, and a restart makes none
/// too many. After a failure it tries again soon. Run it once.</remarks>
/// <param name="make">Makes a backup in the folder and returns its path.</param>
/// <param name="told">Told of each turn.</param>
public sealed class BackupSchedule(BackupScheduleOptions options, Func<CancellationToken, Task<string>> make, Action<BackupTurn> told, TimeProvider clock)
{
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(10);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var due = await FirstAsync(cancellation);
        while (true)
        {
            // A clock that is set back must not make it wait longer than an interval.
            var wait = due - clock.GetUtcNow();
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait < options.Interval ? wait : options.Interval, clock, cancellation);
            var begun = clock.GetUtcNow();
            try
            {
                var path = await make(cancellation);
                await RemoveSurplusAsync(cancellation);
                due = begun + options.Interval;
                told(new(begun, path, null, due));
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                due = begun + (options.Interval < LongestRetry ? options.Interval : LongestRetry);
                told(new(begun, null, e.Message, due));
            }
        }
    }

    private async Task<DateTimeOffset> FirstAsync(CancellationToken cancellation)
    {
        try
        {
            var newest = (await BackupFolder.ListAsync(options.Folder, cancellation)).FirstOrDefault(b => b.Header?.Cluster == options.Cluster);
            return newest is null ? clock.GetUtcNow() : newest.Header!.CreatedAt + options.Interval;
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException)
        {
            // The first turn meets the same and tells of it, or makes the folder.
            return clock.GetUtcNow();
        }
    }

    private async Task RemoveSurplusAsync(CancellationToken cancellation)
    {
        foreach (var old in BackupFolder.Surplus(await BackupFolder.ListAsync(options.Folder, cancellation), options.Cluster, options.Keep))
            File.Delete(old.Path);
    }
}
