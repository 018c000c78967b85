using System.Globalization;
using Coxswain.Node.Runtime;

namespace Coxswain.Node.Network;

/// <summary>A port of the node that leads to a pod.</summary>
/// <param name="HostIP">The node's address it is opened on; empty: all of them.</param>
internal readonly record struct HostPort(PortProtocol Protocol, string HostIP, int Port, string PodIP, int ContainerPort)
{
    /// <summary>The form in which a sandbox keeps its ports, so that they are found again by whoever comes later: tcp/192.0.2.1/8080/80.</summary>
    public static string Write(IEnumerable<PortMapping> mappings) => string.Join(' ', mappings.Select(m =>
        string.Create(CultureInfo.InvariantCulture, $"{Name(m.Protocol)}/{m.HostIP}/{m.HostPort}/{m.ContainerPort}")));

    public static IEnumerable<HostPort> Read(string text, string podIP)
    {
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Split('/') is [var protocol, var hostIP, var port, var containerPort]
                && Enum.TryParse<PortProtocol>(protocol, ignoreCase: true, out var parsed))
            {
                yield return new(
                    parsed, hostIP, int.Parse(port, CultureInfo.InvariantCulture), podIP, int.Parse(containerPort, CultureInfo.InvariantCulture));
            }
        }
    }

    public static string Name(PortProtocol protocol) => protocol switch
    {
        PortProtocol.Udp => "udp",
        PortProtocol.Sctp => "sctp",
        _ => "tcp",
    };
}
