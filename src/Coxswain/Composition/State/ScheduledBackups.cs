using Coxswain.Api.Core.V1;
using Coxswain.Backup;
using Coxswain.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Coxswain.Composition;

/// <summary>The backups that an instance makes by itself. How the last one went is in the log, in an Event, and in a file that
/// <c>coxswain status</c> reads.</summary>
internal sealed partial class ScheduledBackups(ClusterOptions options, ControlPlane controlPlane, TimeProvider clock, ILogger<ScheduledBackups> logger)
{
    public Task RunAsync(CancellationToken cancellation)
    {
        var settings = options.Backup;
        var schedule = new BackupSchedule(
            new(settings.Directory, settings.Interval, settings.Keep, BackupMaker.ClusterOf(options.Directory)), MakeAsync, Told, clock);
        return schedule.RunAsync(cancellation);

        async Task<string> MakeAsync(CancellationToken token)
        {
            var store = controlPlane.Store;
            var request = new BackupRequest(settings.Directory, new(settings.PassphraseFile, settings.KeyFile), Verify: true);
            try
            {
                var (path, summary) = await new BackupMaker(options, store.Store, store.InspectAsync, InstanceHost.Version, clock).MakeAsync(request, new Silence(), token).ConfigureAwait(false);
                LogMade(summary);
                return path;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                await RecordAsync(e.Message, token).ConfigureAwait(false);
                throw;
            }
        }
    }

    private void Told(BackupTurn turn)
    {
        BackupMetrics.Note(turn);
        if (turn.Error is not null)
            LogFailed(turn.Error, turn.Next);
        new BackupStatus(turn.At, turn.Path, turn.Error, turn.Next).Write(options.Directory);
    }

    private async Task RecordAsync(string error, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        try
        {
            await controlPlane.Admin.CreateAsync(new Event
            {
                Metadata = new() { GenerateName = "backup.", Namespace = "default" },
                InvolvedObject = new() { ApiVersion = "v1", Kind = "Namespace", Name = "kube-system" },
                Reason = "BackupFailed",
                Message = error.Length > 1000 ? error[..1000] : error,
                Type = "Warning",
                Source = new() { Component = "coxswain" },
                FirstTimestamp = now,
                LastTimestamp = now,
                Count = 1,
            }, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The log says it, too; a cluster that takes no events may be why the backup failed.
            LogNoEvent(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "A backup was made: {Summary}")]
    private partial void LogMade(string summary);

    [LoggerMessage(LogLevel.Error, "The backup failed: {Reason} It is tried again at {Next:u}")]
    private partial void LogFailed(string reason, DateTimeOffset next);

    [LoggerMessage(LogLevel.Warning, "The failure of the backup could not be recorded as an event: {Reason}")]
    private partial void LogNoEvent(string reason);

    private sealed class Silence : IProgress<PhaseReport>
    {
        public void Report(PhaseReport value)
        {
        }
    }
}
