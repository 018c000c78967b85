using Coxswain.Api;
using Coxswain.Api.Authentication.V1;
using Coxswain.Client;

namespace Coxswain.ApiServer.Aggregation;

/// <summary>The way of this process's own clients to resources that others serve.</summary>
internal sealed class ForwardedClients(AggregatedApi api, AggregationTransport transport)
{
    /// <summary>A client for a resource that another server serves; null: this one does.</summary>
    /// <exception cref="ApiException">503: that server cannot be reached.</exception>
    public async ValueTask<IApiClient?> FindAsync(GroupVersionResource resource, UserInfo user, CancellationToken cancellation)
    {
        await api.ReadyAsync(cancellation);
        if (api.Current.Find(new(resource.Group, resource.Version)) is not { } service)
            return null;
        return service.IsAvailable
            ? transport.ClientFor(service, user)
            : throw new ApiException(Statuses.ServiceUnavailable("the server is currently unable to handle the request"));
    }

    /// <summary>What other servers serve.</summary>
    /// <param name="failures">Group versions of which it is not known, or not for sure, with the reason.</param>
    public IEnumerable<ServedResource> Resources(Dictionary<string, string> failures)
    {
        var groups = api.Current;
        foreach (var service in groups.Services.OrderBy(s => s.Object.Metadata.Name, StringComparer.Ordinal))
        {
            var version = service.GroupVersion;
            var known = groups.KnowledgeOf(version);
            if (!service.IsAvailable || !known.IsFresh)
                failures[version.ApiVersion] = "the server is currently unable to handle the request";
            if (known.Resources is null)
                continue;
            foreach (var resource in known.Resources.Resources)
                if (!resource.Name.Contains('/', StringComparison.Ordinal))
                    yield return new(new(version.Group, version.Version, resource.Name), resource.Kind, resource.Namespaced, [.. resource.Verbs]);
        }
    }
}
