using System.Globalization;
using System.Text;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Metrics;

/// <summary>How large the store is, asked for from time to time and shown between.</summary>
internal sealed partial class StoreSizes(ApiServerAdditions additions, TimeProvider clock, ILogger<StoreSizes> log)
{
    private StoreReport? _last;

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (additions.Inspect is not { } inspect || additions.InspectInterval <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(additions.InspectInterval, clock);
        do
        {
            try
            {
                Volatile.Write(ref _last, await inspect(cancellation));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The last known size stays shown; asked again at the next tick.
                LogFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    public void Write(StringBuilder text)
    {
        if (Volatile.Read(ref _last) is not { Members.Count: > 0 } report)
            return;
        Gauge("apiserver_storage_size_bytes", "Size of the datastore on disk, by the place where it is kept.", m => m.Bytes);
        Gauge("coxswain_storage_in_use_bytes", "How much of that is in use; the rest is given back by compaction and defragmentation.", m => m.BytesInUse);
        Gauge("coxswain_storage_limit_bytes", "The size at which writes are refused.", m => m.MaxBytes);
        Gauge("coxswain_storage_alarms", "Alarms of the datastore, and whether it does not answer.", m => m.Alarms.Count + (m.Error is null ? 0 : 1), zero: true);

        void Gauge(string name, string help, Func<StoreMember, long> value, bool zero = false)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            for (var i = 0; i < report.Members.Count; i++)
                if (value(report.Members[i]) is var number && (zero || number > 0))
                    text.Append(CultureInfo.InvariantCulture, $"{name}{{storage_cluster_id=\"{report.Kind}-{i}\"}} {number}\n");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The size of the datastore could not be had; asking again")]
    private partial void LogFailed(Exception error);
}
