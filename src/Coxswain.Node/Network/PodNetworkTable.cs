namespace Coxswain.Node.Network;

/// <summary>Renders an instance's nftables table for pod traffic. Pure; applying it twice is as once.</summary>
internal static class PodNetworkTable
{
    /// <param name="table">The table's name, family ip.</param>
    /// <param name="podCidr">Addresses of this node's pods.</param>
    /// <param name="clusterCidr">Addresses of all nodes' pods, which see each other without translation.</param>
    public static string Render(string table, string podCidr, string clusterCidr) => $$"""
        table ip {{table}}
        delete table ip {{table}}
        table ip {{table}} {
            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr {{podCidr}} ip daddr != {{clusterCidr}} ip daddr != 224.0.0.0/4 masquerade fully-random
            }
            chain forward {
                type filter hook forward priority filter; policy accept;
                ct state invalid ip saddr {{podCidr}} drop
                ip saddr {{podCidr}} accept
                ip daddr {{podCidr}} accept
            }
        }

        """;

    /// <summary>Removes the table, whether it is there or not.</summary>
    public static string RenderRemoval(string table) => $"""
        table ip {table}
        delete table ip {table}

        """;
}
