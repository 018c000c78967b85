using System.Net;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.Client;
using EndpointPort = Coxswain.Api.Discovery.V1.EndpointPort;

namespace Coxswain.Dns;

/// <summary>Makes the DNS server known under the service address that pods have in their resolv.conf: Service and EndpointSlice kube-dns in
/// kube-system, where every tool expects them.</summary>
public static class DnsService
{
    private const string Namespace = "kube-system";
    private const string Name = "kube-dns";

    /// <summary>Creates or mends both objects. Harmless to repeat.</summary>
    /// <param name="serviceAddress">The cluster IP; must not change while pods live that know the old one.</param>
    /// <param name="server">Where the server really listens; not a loopback address.</param>
    public static async Task EnsureAsync(IApiClient api, IPAddress serviceAddress, IPEndPoint server, CancellationToken cancellation)
    {
        var ip = serviceAddress.ToString();
        var service = new Service
        {
            Metadata = new()
            {
                Namespace = Namespace,
                Name = Name,
                Labels = ApiMap.Of("k8s-app", "kube-dns").With("kubernetes.io/cluster-service", "true").With("kubernetes.io/name", "CoreDNS"),
            },
            Spec = new()
            {
                Type = "ClusterIP",
                ClusterIP = ip,
                ClusterIPs = [ip],
                Ports =
                [
                    new() { Name = "dns", Port = 53, Protocol = "UDP", TargetPort = server.Port },
                    new() { Name = "dns-tcp", Port = 53, Protocol = "TCP", TargetPort = server.Port },
                ],
            },
        };
        var present = await api.FindAsync<Service>(new(Namespace, Name), cancellation).ConfigureAwait(false);
        if (present is not null && present.Spec.ClusterIP != ip)
        {
            // A cluster IP cannot be changed, and pods look for the server under the one they were given.
            await api.DeleteAsync<Service>(new(Namespace, Name), null, cancellation).ConfigureAwait(false);
            present = null;
        }

        if (present is null)
            await api.CreateAsync(service, cancellation).ConfigureAwait(false);
        else if (!present.Spec.Ports.Select(p => p.TargetPort).SequenceEqual(service.Spec.Ports.Select(p => p.TargetPort)))
            await api.UpdateAsync(present with { Spec = present.Spec with { Ports = service.Spec.Ports } }, cancellation).ConfigureAwait(false);

        var slice = new EndpointSlice
        {
            Metadata = new()
            {
                Namespace = Namespace,
                Name = Name,
                Labels = ApiMap.Of("kubernetes.io/service-name", Name).With("endpointslice.kubernetes.io/managed-by", "dns.coxswain"),
            },
            AddressType = "IPv4",
            Ports =
            [
                new EndpointPort { Name = "dns", Port = server.Port, Protocol = "UDP" },
                new EndpointPort { Name = "dns-tcp", Port = server.Port, Protocol = "TCP" },
            ],
            Endpoints = [new() { Addresses = [server.Address.ToString()], Conditions = new() { Ready = true, Serving = true, Terminating = false } }],
        };
        var presentSlice = await api.FindAsync<EndpointSlice>(new(Namespace, Name), cancellation).ConfigureAwait(false);
        if (presentSlice is null)
            await api.CreateAsync(slice, cancellation).ConfigureAwait(false);
        else if (presentSlice.Ports != slice.Ports || presentSlice.Endpoints != slice.Endpoints)
            await api.UpdateAsync(presentSlice with { Ports = slice.Ports, Endpoints = slice.Endpoints }, cancellation).ConfigureAwait(false);
    }
}
