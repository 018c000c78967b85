using System.Security.Cryptography.X509Certificates;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Subresources;

/// <summary>Finds the kubelet of a node.</summary>
internal sealed class NodeAddresses(
    RegistryTable registries, IReadOnlyList<string> preferredTypes, X509Certificate2 clientCertificate, X509Certificate2Collection authorities)
{
    private const int DefaultPort = 10250;

    /// <param name="pathAndQuery">Of the kubelet's API.</param>
    /// <exception cref="ApiException">The node does not exist, or has no address.</exception>
    public async ValueTask<UpstreamTarget> KubeletAsync(string node, string pathAndQuery, CancellationToken cancellation)
    {
        var found = (Node)(await registries.For<Node>().GetAsync("", node, cancellation)).Object;
        var port = found.Status.DaemonEndpoints.KubeletEndpoint.Port;
        return Target(found, port > 0 ? port : DefaultPort, "https", pathAndQuery);
    }

    /// <summary>Any port of a node; ports other than the kubelet's get no certificate of ours.</summary>
    public async ValueTask<UpstreamTarget> PortAsync(string node, string scheme, int? port, string pathAndQuery, CancellationToken cancellation)
    {
        var found = (Node)(await registries.For<Node>().GetAsync("", node, cancellation)).Object;
        var kubelet = found.Status.DaemonEndpoints.KubeletEndpoint.Port is > 0 and var stated ? stated : DefaultPort;
        if (port is null || port == kubelet)
            return Target(found, kubelet, "https", pathAndQuery);
        return Target(found, port.Value, scheme.Length > 0 ? scheme : "http", pathAndQuery) with { ClientCertificate = null, TrustedAuthorities = null };
    }

    private UpstreamTarget Target(Node node, int port, string scheme, string pathAndQuery)
    {
        foreach (var type in preferredTypes)
            foreach (var address in node.Status.Addresses)
                if (address.Type == type && address.Address.Length > 0)
                    return new(Url(scheme, address.Address, port, pathAndQuery), clientCertificate, authorities);
        throw new ApiException(Statuses.InternalError($"no preferred addresses found for node {GoText.Quote(node.Metadata.Name)}; known addresses: []"));
    }

    internal static Uri Url(string scheme, string host, int port, string pathAndQuery) =>
        new($"{scheme}://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}{pathAndQuery}");
}
