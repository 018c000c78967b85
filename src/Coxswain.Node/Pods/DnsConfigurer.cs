using Coxswain.Api.Core.V1;

namespace Coxswain.Node.Pods;

/// <summary>A resolver's settings as they stand in resolv.conf.</summary>
internal sealed record ResolverSettings(IReadOnlyList<string> Servers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options)
{
    public static ResolverSettings Empty { get; } = new([], [], []);

    /// <summary>Reads resolv.conf: the last search line counts, as for the C library.</summary>
    public static ResolverSettings Parse(string text)
    {
        var servers = new List<string>();
        string[] searches = [];
        var options = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2)
                continue;
            switch (words[0])
            {
                case "nameserver":
                    servers.Add(words[1]);
                    break;
                case "search" or "domain":
                    searches = [.. words[1..].Where(word => word != ".").Select(word => word.TrimEnd('.'))];
                    break;
                case "options":
                    options.AddRange(words[1..]);
                    break;
            }
        }

        return new(servers, searches, options);
    }
}

/// <summary>The resolver settings of a pod, by its dnsPolicy and dnsConfig.</summary>
/// <param name="clusterServers">Addresses of the cluster's DNS; without one ClusterFirst falls back to the host's.</param>
internal sealed class DnsConfigurer(IReadOnlyList<string> clusterServers, string clusterDomain, Func<ResolverSettings> host)
{
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    /// <param name="warn">Told what had to be left out: reason and message of an event.</param>
    public Runtime.DnsConfig For(Pod pod, Action<string, string> warn)
    {
        var settings = pod.Spec.DnsPolicy switch
        {
            DNSPolicy.None => ResolverSettings.Empty,
            DNSPolicy.Default => host(),
            DNSPolicy.ClusterFirstWithHostNet => Cluster(pod, warn),
            _ => pod.Spec.HostNetwork ? host() : Cluster(pod, warn),
        };

        if (pod.Spec.DnsConfig is { } custom)
        {
            settings = new(
                [.. settings.Servers.Concat(custom.Nameservers).Distinct(StringComparer.Ordinal)],
                [.. settings.Searches.Concat(custom.Searches).Distinct(StringComparer.Ordinal)],
                MergeOptions(settings.Options, custom));
        }

        return new(LimitServers(settings.Servers, warn), LimitSearches(settings.Searches, warn), settings.Options);
    }

    private ResolverSettings Cluster(Pod pod, Action<string, string> warn)
    {
        var fromHost = host();
        if (clusterServers.Count == 0)
        {
            warn("MissingClusterDNS",
                $"pod: \"{PodContainers.Describe(pod)}\". kubelet does not have ClusterDNS IP configured and cannot create Pod using "
                + $"\"{pod.Spec.DnsPolicy}\" policy. Falling back to \"Default\" policy.");
            return fromHost;
        }

        string[] own = clusterDomain.Length == 0
            ? []
            : [$"{pod.Metadata.Namespace}.svc.{clusterDomain}", $"svc.{clusterDomain}", clusterDomain];
        return new(clusterServers, [.. own.Concat(fromHost.Searches).Distinct(StringComparer.Ordinal)], ["ndots:5"]);
    }

    // A later option of the same name replaces the earlier one; "ndots:5" has the name ndots.
    private static List<string> MergeOptions(IReadOnlyList<string> existing, PodDNSConfig custom)
    {
        var merged = existing.ToList();
        foreach (var option in custom.Options)
        {
            merged.RemoveAll(old => string.Equals(old.Split(':')[0], option.Name, StringComparison.Ordinal));
            merged.Add(string.IsNullOrEmpty(option.Value) ? option.Name : $"{option.Name}:{option.Value}");
        }

        return merged;
    }

    private static IReadOnlyList<string> LimitServers(IReadOnlyList<string> servers, Action<string, string> warn)
    {
        if (servers.Count <= MaxServers)
            return servers;
        string[] kept = [.. servers.Take(MaxServers)];
        warn("DNSConfigForming",
            $"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {string.Join(' ', kept)}");
        return kept;
    }

    private static IReadOnlyList<string> LimitSearches(IReadOnlyList<string> searches, Action<string, string> warn)
    {
        var kept = new List<string>();
        var length = 0;
        foreach (var search in searches)
        {
            length += search.Length + (kept.Count > 0 ? 1 : 0);
            if (kept.Count == MaxSearches || length > MaxSearchCharacters)
                break;
            kept.Add(search);
        }

        if (kept.Count == searches.Count)
            return searches;
        warn("DNSConfigForming",
            $"Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {string.Join(' ', kept)}");
        return kept;
    }
}
