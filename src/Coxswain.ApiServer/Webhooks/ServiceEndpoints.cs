using System.Globalization;
using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Api.Discovery.V1;
using Coxswain.ApiServer.Registry;

namespace Coxswain.ApiServer.Webhooks;

/// <summary>Where a port of a service can be reached: a ready endpoint, chosen anew each time.</summary>
internal sealed class ServiceEndpoints(IClusterView cluster)
{
    /// <exception cref="ApiException">404: there is no such service. 503: nobody stands behind it.</exception>
    public ValueTask<(string Host, int Port)> FindAsync(NamespacedName name, int port, CancellationToken cancellation) =>
        FindAsync(name, port.ToString(CultureInfo.InvariantCulture), cancellation);

    /// <param name="name">The service.</param>
    /// <param name="port">Name or number of the service's port; empty: its only one.</param>
    /// <param name="cancellation">Ends the search.</param>
    public async ValueTask<(string Host, int Port)> FindAsync(NamespacedName name, string port, CancellationToken cancellation)
    {
        var service = cluster.Find<Service>(name) ?? await cluster.GetAsync<Service>(name, cancellation)
            ?? throw new ApiException(Statuses.NotFound(new GroupResource("", "services"), name.Name));
        ServicePort? wanted = null;
        foreach (var candidate in service.Spec.Ports)
            if (port.Length == 0 ? service.Spec.Ports.Count == 1 : candidate.Name == port || candidate.Port.ToString(CultureInfo.InvariantCulture) == port)
                wanted = candidate;
        if (service.Spec.Type == "ExternalName" && int.TryParse(port, out var number))
            return (service.Spec.ExternalName, number);
        if (wanted is null && port.Length > 0 && service.Spec.Ports.Count > 0)
            throw new ApiException(Statuses.ServiceUnavailable($"no service port {GoText.Quote(port)} found for service {GoText.Quote(name.Name)}"));

        var addresses = Ready(name, wanted).ToList();
        return addresses.Count > 0
            ? addresses[Random.Shared.Next(addresses.Count)]
            : throw new ApiException(Statuses.ServiceUnavailable($"no endpoints available for service {GoText.Quote(name.Name)}"));
    }

    private IEnumerable<(string Host, int Port)> Ready(NamespacedName name, ServicePort? wanted)
    {
        foreach (var slice in cluster.List<EndpointSlice>(name.Namespace))
        {
            if (!slice.Metadata.Labels.TryGetValue("kubernetes.io/service-name", out var owner) || owner != name.Name)
                continue;
            foreach (var slicePort in slice.Ports)
            {
                if (slicePort.Port is not { } number || (wanted is not null && (slicePort.Name ?? "") != wanted.Name))
                    continue;
                foreach (var endpoint in slice.Endpoints)
                    if (endpoint.Conditions.Ready != false && endpoint.Addresses.Count > 0)
                        yield return (endpoint.Addresses[0], number);
            }
        }
    }
}
