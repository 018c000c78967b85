using Coxswain.Storage;
using Coxswain.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>Opens the SQLite store, writes its alarms to the log, and has the whole file checked once all has started.</summary>
internal sealed partial class SqliteSetup : IAsyncDisposable
{
    /// <summary>The start has the disk and the processors to itself.</summary>
    private static readonly TimeSpan CheckDelay = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly ILogger _logger;
    private readonly Task _check;

    private SqliteSetup(string path, TimeProvider clock, ILogger logger)
    {
        _logger = logger;
        Store = SqliteStore.Open(path, new() { Clock = clock, AlarmsChanged = LogAlarms });
        LogLibrary(logger, SqliteStore.Library);
        _check = Task.Run(() => CheckAsync(clock, _stop.Token));
    }

    public SqliteStore Store { get; }

    public static Task<SqliteSetup> OpenAsync(string path, TimeProvider clock, ILogger logger, CancellationToken cancellation) =>
        Task.Run(() => new SqliteSetup(path, clock, logger), cancellation);

    /// <summary>Ends the check; the store is its user's to close, afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _check.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task CheckAsync(TimeProvider clock, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(CheckDelay, clock, cancellation).ConfigureAwait(false);
            var since = clock.GetTimestamp();
            if ((await Store.CheckAsync(cancellation).ConfigureAwait(false)).Count == 0)
                LogChecked(_logger, (long)clock.GetElapsedTime(since).TotalMilliseconds);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The process stops.
        }
        catch (StoreException e)
        {
            LogNotChecked(_logger, e.Message);
        }
    }

    private void LogAlarms(IReadOnlyList<StoreAlarm> alarms)
    {
        foreach (var alarm in alarms)
            LogAlarm(_logger, alarm.Serious ? LogLevel.Error : LogLevel.Warning, alarm.Message);
        if (alarms.Count == 0)
            LogWell(_logger);
    }

    [LoggerMessage(LogLevel.Information, "{Library} keeps the store")]
    private static partial void LogLibrary(ILogger logger, string library);

    [LoggerMessage(LogLevel.Information, "The whole store was checked in {Milliseconds} ms: no damage")]
    private static partial void LogChecked(ILogger logger, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "The store was not checked after the start: {Reason}")]
    private static partial void LogNotChecked(ILogger logger, string reason);

    [LoggerMessage("{Message}")]
    private static partial void LogAlarm(ILogger logger, LogLevel level, string message);

    [LoggerMessage(LogLevel.Information, "The store has room again")]
    private static partial void LogWell(ILogger logger);
}
