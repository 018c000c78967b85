using System.Diagnostics;
using System.Globalization;
using System.Text;
using Coxswain.ApiServer.Encryption;
using Coxswain.ApiServer.Http;
using Coxswain.ApiServer.Registry;
using Coxswain.Client;

namespace Coxswain.ApiServer.Metrics;

/// <summary>The /metrics page in Prometheus' text form.</summary>
internal sealed class MetricsPage(RequestMetrics requests, InflightLimit inflight, RegistryTable registries, StoreSizes sizes)
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public string Render()
    {
        var text = new StringBuilder(32 * 1024);
        requests.Write(text);
        Gauge(text, "apiserver_current_inflight_requests", "Requests under way that end by themselves.",
            ("request_kind=\"readOnly\"", inflight.Reading), ("request_kind=\"mutating\"", inflight.Mutating));
        Gauge(text, "apiserver_storage_objects", "Stored objects by resource.",
            [.. registries.Everything.Where(r => r.Cache.Count > 0).DistinctBy(r => r.GroupResource).Select(r => ($"resource=\"{r.GroupResource}\"", (double)r.Cache.Count))]);
        Gauge(text, "apiserver_longrunning_requests", "Watches by resource.",
            [.. registries.Everything.Where(r => r.Cache.Subscriptions > 0).Select(r =>
                ($"component=\"apiserver\",group=\"{r.Descriptor.Kind.Group}\",resource=\"{r.Descriptor.Plural}\",scope=\"cluster\",subresource=\"\",verb=\"WATCH\",version=\"{r.Descriptor.Kind.Version}\"",
                    (double)r.Cache.Subscriptions))]);
        CacheMetrics.Write(text, registries);
        (registries.Store as EncryptedStore)?.Metrics.Write(text);
        Gauge(text, "coxswain_datastore_available", "Whether the datastore answers; if not, reads come from the cache and writes are refused.",
            ("", registries.Guard.IsAvailable ? 1 : 0));
        registries.Guard.Metrics.Write(text);
        sizes.Write(text);
        MetricsText.Write(text);
        using var process = Process.GetCurrentProcess();
        Gauge(text, "process_resident_memory_bytes", "Resident memory.", ("", process.WorkingSet64));
        text.Append("# HELP process_cpu_seconds_total CPU time used.\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ")
            .Append(process.TotalProcessorTime.TotalSeconds.ToString(CultureInfo.InvariantCulture)).Append('\n');
        return text.ToString();
    }

    private static void Gauge(StringBuilder text, string name, string help, params IReadOnlyList<(string Labels, double Value)> values)
    {
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(" gauge\n");
        foreach (var (labels, value) in values)
        {
            text.Append(name);
            if (labels.Length > 0)
                text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }
    }
}
