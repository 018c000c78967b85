using System.Text;
using System.Text.Json;

namespace Coxswain.Node.Network;

/// <summary>Writes the CNI network of an instance (CNI specification 1.0, "Network configuration format"). Pure.</summary>
/// <remarks>Routed veth pairs rather than a bridge: see docs/decisions/0003-pod-network.md.</remarks>
internal static class CniConfig
{
    /// <param name="podCidr">Addresses of this node's pods; the first one is the gateway that all pods share.</param>
    public static string Render(string networkName, string podCidr, string dataDir)
    {
        using var memory = new MemoryStream();
        using (var w = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            w.WriteStartObject();
            // What the plug-ins of Debian 12 and every later release understand.
            w.WriteString("cniVersion", "0.4.0");
            w.WriteString("name", networkName);
            w.WriteStartArray("plugins");

            w.WriteStartObject();
            w.WriteString("type", "ptp");
            // Our own nftables tables do it, and host ports too, so that iptables need not be mixed in.
            w.WriteBoolean("ipMasq", false);
            w.WriteStartObject("ipam");
            w.WriteString("type", "host-local");
            w.WriteString("dataDir", dataDir);
            w.WriteStartArray("ranges");
            w.WriteStartArray();
            w.WriteStartObject();
            w.WriteString("subnet", podCidr);
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteEndArray();
            w.WriteStartArray("routes");
            w.WriteStartObject();
            w.WriteString("dst", "0.0.0.0/0");
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteEndObject();
            w.WriteEndObject();

            w.WriteEndArray();
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(memory.ToArray()) + "\n";
    }
}
