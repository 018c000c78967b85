using System.Globalization;
using System.Text;

namespace Coxswain.Node.Network;

/// <summary>Renders an instance's nftables table for host ports. Pure; applying it twice is as once.</summary>
/// <remarks>Not reachable by the node's own 127.0.0.1: that would need route_localnet, which lets neighbours reach loopback services.</remarks>
internal static class HostPortTable
{
    public static string Render(string table, IReadOnlyCollection<HostPort> ports)
    {
        if (ports.Count == 0)
            return PodNetworkTable.RenderRemoval(table);

        var redirects = new StringBuilder();
        foreach (var port in ports.OrderBy(p => p.Port).ThenBy(p => p.Protocol).ThenBy(p => p.HostIP, StringComparer.Ordinal))
        {
            var address = port.HostIP is "" or "0.0.0.0" ? "" : $"ip daddr {port.HostIP} ";
            redirects.Append(CultureInfo.InvariantCulture,
                $"        {address}{HostPort.Name(port.Protocol)} dport {port.Port} dnat to {port.PodIP}:{port.ContainerPort}\n");
        }
        var hairpins = new StringBuilder();
        foreach (var pod in ports.Select(p => p.PodIP).Distinct().Order(StringComparer.Ordinal))
            hairpins.Append(CultureInfo.InvariantCulture, $"        ct status dnat ip saddr {pod} ip daddr {pod} masquerade\n");

        return $$"""
            table ip {{table}}
            delete table ip {{table}}
            table ip {{table}} {
                chain ports {
            {{redirects.ToString().TrimEnd('\n')}}
                }
                chain prerouting {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local jump ports
                }
                chain output {
                    type nat hook output priority -100; policy accept;
                    ip daddr != 127.0.0.0/8 fib daddr type local jump ports
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
            {{hairpins.ToString().TrimEnd('\n')}}
                }
            }

            """;
    }
}
