using System.Net;

namespace Coxswain.Dns;

/// <summary>The name servers of a resolv.conf(5).</summary>
public static class ResolvConf
{
    public static IReadOnlyList<IPEndPoint> NameServers(string text) =>
    [
        .. text.Split('\n')
            .Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["nameserver", _, ..])
            // A scope (fe80::1%eth0) is part of the address and understood by TryParse.
            .Select(words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, 53) : null)
            .OfType<IPEndPoint>(),
    ];
}
