using Coxswain.Api;
using Coxswain.Api.Core.V1;
using Coxswain.Client;

namespace Coxswain.Node.Pods;

/// <summary>ConfigMaps and Secrets that pods refer to. A node asks for each by name: it may not list them.</summary>
internal interface IConfigSource
{
    Task<ConfigMap?> FindConfigMapAsync(NamespacedName name, CancellationToken cancellation);

    Task<Secret?> FindSecretAsync(NamespacedName name, CancellationToken cancellation);
}

/// <summary>Asks the API server each time, so that what a pod gets is never older than its pass.</summary>
internal sealed class ApiConfigSource(IApiClient api) : IConfigSource
{
    public Task<ConfigMap?> FindConfigMapAsync(NamespacedName name, CancellationToken cancellation) =>
        api.FindAsync<ConfigMap>(name, cancellation);

    public Task<Secret?> FindSecretAsync(NamespacedName name, CancellationToken cancellation) => api.FindAsync<Secret>(name, cancellation);
}
