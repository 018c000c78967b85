using System.Diagnostics.Metrics;
using Coxswain.Backup;
using Coxswain.Client;

namespace Coxswain.Composition;

/// <summary>The backups by schedule on the metrics page. Safe for concurrent use.</summary>
internal static class BackupMetrics
{
    private static readonly Meter Meter = new(WorkQueueMetrics.MeterName);
    private static readonly Counter<long> Backups = Meter.CreateCounter<long>("coxswain_backups_total", description: "Backups by schedule, by how they ended.");
    private static long _last;

    static BackupMetrics() => Meter.CreateObservableGauge(
        "coxswain_backup_last_success_timestamp_seconds", () => Volatile.Read(ref _last), description: "When the last verified backup by schedule was begun; 0: none since the start.");

    public static void Note(BackupTurn turn)
    {
        Backups.Add(1, new KeyValuePair<string, object?>("result", turn.Error is null ? "success" : "failure"));
        if (turn.Error is null)
            Volatile.Write(ref _last, turn.At.ToUnixTimeSeconds());
    }
}
