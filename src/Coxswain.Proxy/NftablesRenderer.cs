using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Coxswain.Api;

namespace Coxswain.Proxy;

/// <summary>Renders a <see cref="ServiceMap"/> as nftables rules. Pure: no kernel, no files.</summary>
/// <remarks>
/// <para>The packet path: base chains at the nat hooks look the destination up in one verdict map by address, protocol and port
/// (constant time, however many services there are), or by protocol and port alone when the address is this machine's (node
/// ports). The service's chain picks an endpoint's chain at random, which rewrites the destination.</para>
/// <para>Packets that need this node's address as their source carry a mark from there to the postrouting hook: node-port traffic, traffic
/// to cluster IPs from outside the cluster, and a pod that reaches itself through its service.</para>
/// <para>Another instance on this machine may have the same service addresses: what its pods send is left to its table.</para>
/// <para>The filter hooks run after the rewriting: a destination that is still a service's address there has nothing behind it, and is
/// refused at once, so that clients do not wait for a time-out.</para>
/// </remarks>
public sealed class NftablesRenderer(string table, string clusterCidr, string serviceCidr)
{
    /// <summary>The bit of the packet mark that asks for masquerading; upstream's kube-proxy uses the same one.</summary>
    private const string MasqueradeMark = "0x4000";

    private const string ServiceIps = "service-ips";
    private const string NodePorts = "node-ports";
    private const string NoEndpointIps = "no-endpoint-ips";
    private const string NoEndpointNodePorts = "no-endpoint-node-ports";

    /// <summary>Everything that does not depend on services: the table, its maps, and the base chains.</summary>
    public string Prelude() =>
        $$"""
        add table ip {{table}}
        delete table ip {{table}}
        add table ip {{table}} { comment "services of a Coxswain cluster"; }
        add map ip {{table}} {{ServiceIps}} { type ipv4_addr . inet_proto . inet_service : verdict; }
        add map ip {{table}} {{NodePorts}} { type inet_proto . inet_service : verdict; }
        add map ip {{table}} {{NoEndpointIps}} { type ipv4_addr . inet_proto . inet_service : verdict; }
        add map ip {{table}} {{NoEndpointNodePorts}} { type inet_proto . inet_service : verdict; }
        add chain ip {{table}} mark-for-masquerade
        add rule ip {{table}} mark-for-masquerade meta mark set meta mark or {{MasqueradeMark}}
        add chain ip {{table}} refuse
        add rule ip {{table}} refuse meta l4proto tcp reject with tcp reset
        add rule ip {{table}} refuse reject
        add chain ip {{table}} services
        add rule ip {{table}} services ip daddr . meta l4proto . th dport vmap @{{ServiceIps}}
        add rule ip {{table}} services fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @{{NodePorts}}
        add chain ip {{table}} no-endpoints
        add rule ip {{table}} no-endpoints ip daddr . meta l4proto . th dport vmap @{{NoEndpointIps}}
        add rule ip {{table}} no-endpoints fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @{{NoEndpointNodePorts}}
        add chain ip {{table}} nat-prerouting { type nat hook prerouting priority dstnat; policy accept; }
        add rule ip {{table}} nat-prerouting iifname "veth*" ip saddr != {{clusterCidr}} return
        add rule ip {{table}} nat-prerouting jump services
        add chain ip {{table}} nat-output { type nat hook output priority -100; policy accept; }
        add rule ip {{table}} nat-output jump services
        add chain ip {{table}} nat-postrouting { type nat hook postrouting priority srcnat; policy accept; }
        add rule ip {{table}} nat-postrouting meta mark and {{MasqueradeMark}} == 0 return
        add rule ip {{table}} nat-postrouting meta mark set meta mark xor {{MasqueradeMark}}
        add rule ip {{table}} nat-postrouting masquerade fully-random
        add chain ip {{table}} filter-input { type filter hook input priority filter; policy accept; }
        add rule ip {{table}} filter-input ct state new jump no-endpoints
        add chain ip {{table}} filter-forward { type filter hook forward priority filter; policy accept; }
        add rule ip {{table}} filter-forward iifname "veth*" ip saddr != {{clusterCidr}} return
        add rule ip {{table}} filter-forward ct state new jump no-endpoints
        add rule ip {{table}} filter-forward ip daddr {{serviceCidr}} ct state new jump refuse
        add chain ip {{table}} filter-output { type filter hook output priority filter; policy accept; }
        add rule ip {{table}} filter-output ct state new jump no-endpoints
        add rule ip {{table}} filter-output ip daddr {{serviceCidr}} ct state new jump refuse

        """;

    /// <summary>The rules of the services.</summary>
    public NftablesRuleset Render(ServiceMap services)
    {
        var chains = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        var serviceIps = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var nodePorts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var noEndpointIps = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var noEndpointNodePorts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var affinity = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);

        foreach (var rule in services.Ports)
        {
            var hash = Hash($"{rule.Service}/{rule.PortName}/{rule.Protocol}");
            var internalChain = $"service-{hash}";
            var externalChain = $"external-{hash}";

            var hasExternal = rule.NodePort > 0 || rule.ExternalIPs.Count > 0;
            foreach (var endpoint in rule.Internal.Concat(hasExternal ? rule.External : []).DistinctBy(e => (e.Address, e.Port)))
                AddEndpoint(chains, affinity, hash, rule, endpoint);

            if (rule.Internal.Count > 0)
            {
                // From outside the cluster, replies would not come back by this node unless it is their destination.
                chains[internalChain] =
                    [$"ip saddr != {clusterCidr} jump mark-for-masquerade", .. Choose(hash, rule, rule.Internal)];
            }

            foreach (var address in rule.ClusterIPs)
                Place(address, rule.Internal.Count > 0 ? internalChain : null, "reject");

            if (!hasExternal)
                continue;
            // With policy Local and no endpoint here, external traffic is dropped so that health checks take this node out;
            // with none anywhere it is refused.
            var refusal = rule.ExternalKeepsSource && rule.Internal.Count > 0 ? "drop" : "reject";
            if (rule.External.Count > 0)
            {
                var rules = new List<string>();
                if (!rule.ExternalKeepsSource)
                    rules.Add("jump mark-for-masquerade");
                rules.AddRange(Choose(hash, rule, rule.External));
                chains[externalChain] = [.. rules];
            }

            var entry = rule.External.Count > 0 ? externalChain : null;
            if (rule.NodePort > 0)
            {
                var key = $"{rule.Protocol} . {rule.NodePort}";
                if (entry is not null)
                    nodePorts[key] = $"goto {entry}";
                else
                    noEndpointNodePorts[key] = refusal == "drop" ? "drop" : "goto refuse";
            }

            var addressEntry = entry;
            if (entry is not null && rule.SourceRanges.Count > 0)
            {
                addressEntry = $"firewall-{hash}";
                chains[addressEntry] = [$"ip saddr {{ {string.Join(", ", rule.SourceRanges)} }} goto {entry}", "drop"];
            }

            foreach (var address in rule.ExternalIPs)
                Place(address, addressEntry, refusal);

            void Place(string address, string? chain, string refused)
            {
                var key = $"{address} . {rule.Protocol} . {rule.Port}";
                if (chain is not null)
                    serviceIps[key] = $"goto {chain}";
                else
                    noEndpointIps[key] = refused == "drop" ? "drop" : "goto refuse";
            }
        }

        return new(table)
        {
            Chains = chains.ToImmutable(),
            Maps = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, new KeyValuePair<string, ImmutableSortedDictionary<string, string>>[]
            {
                new(ServiceIps, serviceIps.ToImmutable()),
                new(NodePorts, nodePorts.ToImmutable()),
                new(NoEndpointIps, noEndpointIps.ToImmutable()),
                new(NoEndpointNodePorts, noEndpointNodePorts.ToImmutable()),
            }),
            AffinitySets = affinity.ToImmutable(),
        };
    }

    private static void AddEndpoint(
        ImmutableSortedDictionary<string, ImmutableArray<string>>.Builder chains, ImmutableSortedDictionary<string, string>.Builder affinity,
        string hash, ServicePortRule rule, ServiceEndpoint endpoint)
    {
        var name = EndpointChain(hash, endpoint);
        var rules = new List<string> { $"ip saddr {endpoint.Address} jump mark-for-masquerade" };
        if (rule.AffinitySeconds > 0)
        {
            var set = AffinitySet(hash, endpoint);
            affinity[set] = $"{{ type ipv4_addr; flags dynamic,timeout; timeout {rule.AffinitySeconds}s; }}";
            rules.Add($"update @{set} {{ ip saddr }}");
        }

        rules.Add($"meta l4proto {rule.Protocol} dnat to {endpoint.Address}:{endpoint.Port}");
        chains[name] = [.. rules];
    }

    private static IEnumerable<string> Choose(string hash, ServicePortRule rule, ApiList<ServiceEndpoint> endpoints)
    {
        if (rule.AffinitySeconds > 0)
        {
            foreach (var endpoint in endpoints)
                yield return $"ip saddr @{AffinitySet(hash, endpoint)} goto {EndpointChain(hash, endpoint)}";
        }

        if (endpoints.Count == 1)
        {
            yield return $"goto {EndpointChain(hash, endpoints[0])}";
            yield break;
        }

        var choices = new StringBuilder($"numgen random mod {endpoints.Count} vmap {{ ");
        for (var i = 0; i < endpoints.Count; i++)
            choices.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? ", " : "")}{i} : goto {EndpointChain(hash, endpoints[i])}");
        yield return choices.Append(" }").ToString();
    }

    private static string EndpointChain(string hash, ServiceEndpoint endpoint) => $"endpoint-{hash}-{endpoint.Address}-{endpoint.Port}".Replace('.', '_');

    private static string AffinitySet(string hash, ServiceEndpoint endpoint) => $"affinity-{hash}-{endpoint.Address}-{endpoint.Port}".Replace('.', '_');

    /// <summary>Names in nftables are bounded and have no slashes; a hash of the service's name is both short and stable.</summary>
    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 6));
}
