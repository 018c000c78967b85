using System.Globalization;
using System.Text;
using Coxswain.ApiServer.Cache;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Metrics;

/// <summary>What the watch caches tell of themselves. Upstream's names where upstream has the thing.</summary>
internal static class CacheMetrics
{
    public static void Write(StringBuilder text, RegistryTable registries)
    {
        void PerCache(string name, string type, string help, Func<WatchCache, long> value)
        {
            Head(text, name, type, help);

            // Two versions of one resource have a cache each; one name may have only one sample.
            foreach (var versions in registries.Everything.GroupBy(registry => registry.GroupResource))
            {
                if (versions.Sum(registry => value(registry.Cache)) is not 0 and var number)
                    text.Append(CultureInfo.InvariantCulture, $"{name}{{resource=\"{versions.Key}\"}} {number}\n");
            }
        }

        PerCache("apiserver_watch_cache_events_received_total", "counter",
            "Changes taken into the watch cache.", cache => cache.Changes);
        PerCache("apiserver_terminated_watchers_total", "counter",
            "Watchers closed because they were too slow.", cache => cache.SlowWatchers);
        PerCache("coxswain_stale_reads_total", "counter",
            "Reads answered from the watch cache though the datastore did not say whether it is current.", cache => cache.StaleReads);
        PerCache("apiserver_watch_cache_capacity", "gauge",
            "Past changes that the watch cache holds.", cache => cache.HistoryCount);
        PerCache("coxswain_watch_cache_json_bytes", "gauge",
            "JSON of the objects in the watch cache.", cache => cache.Bytes);
        PerCache("coxswain_watch_cache_history_bytes", "gauge",
            "Past changes kept in the watch cache, by estimate.", cache => cache.HistoryBytes);
        PerCache("coxswain_watch_cache_undecodable_objects", "gauge",
            "Stored values that cannot be read.", cache => cache.Undecodable.Count);
        Single(text, "apiserver_watch_cache_resource_version", "gauge",
            "The revision that all watch caches have reached.", registries.Feed.Revision);
        Single(text, "coxswain_datastore_outages_total", "counter",
            "How often the datastore was lost.", registries.Guard.Outages);
        Single(text, "coxswain_store_watch_failures_total", "counter",
            "How often the watch of the store broke.", registries.Feed.Failures);
        Single(text, "coxswain_store_watch_reloads_total", "counter",
            "How often changes were missed and the caches read anew.", registries.Feed.Reloads);
    }

    private static void Single(StringBuilder text, string name, string type, string help, long value)
    {
        Head(text, name, type, help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
}
