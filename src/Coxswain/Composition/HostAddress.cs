using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Coxswain.Lifecycle;

namespace Coxswain.Composition;

/// <summary>Finds the address by which others reach this machine.</summary>
internal static class HostAddress
{
    /// <summary>All IPv4 addresses of interfaces that are up, loopback left out; those of interfaces with a gateway first.</summary>
    public static IReadOnlyList<IPAddress> All() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .Select(i => i.GetIPProperties())
            .OrderByDescending(p => p.GatewayAddresses.Count)
            .SelectMany(p => p.UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a)),
    ];

    /// <summary>The address for the node.</summary>
    /// <exception cref="LifecycleException">The machine has none but loopback.</exception>
    public static IPAddress ForNode(ClusterOptions options) =>
        options.NodeAddress ?? (All() is [var first, ..] ? first : null)
        ?? throw new LifecycleException("this machine has no network address that pods can reach; give one with --node-ip");

    /// <summary>A port that is free now, for UDP and TCP alike.</summary>
    public static int FreePort(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
