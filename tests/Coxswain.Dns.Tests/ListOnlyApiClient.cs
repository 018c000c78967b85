using System.Runtime.CompilerServices;
using Coxswain.Api;
using Coxswain.Api.Meta.V1;
using Coxswain.Client;

namespace Coxswain.Dns.Tests;

/// <summary>A cluster that never changes: lists what it was given, and its watches stay silent.</summary>
internal sealed class ListOnlyApiClient(params IMetadataObject[] objects) : IApiClient
{
    public Task<ResourceList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellation) where T : class, IResource<T> =>
        Task.FromResult(new ResourceList<T>([.. objects.OfType<T>()], "1"));

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, [EnumeratorCancellation] CancellationToken cancellation) where T : class, IResource<T>
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        yield break;
    }

    private static NotSupportedException No([CallerMemberName] string member = "") => new($"{member} is not asked of a list-only client");

    public Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<T?> FindAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<T> CreateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<T> UpdateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<T> UpdateStatusAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<T> PatchAsync<T>(NamespacedName name, Patch patch, CancellationToken cancellation, string subresource = "") where T : class, IResource<T> => throw No();
    public Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task DeleteCollectionAsync<T>(ListQuery query, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T> => throw No();
    public Task<TResult> GetSubresourceAsync<T, TResult>(NamespacedName name, string subresource, CancellationToken cancellation)
        where T : class, IResource<T> where TResult : class, IKubernetesObject => throw No();
    public Task<TResult> CreateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject => throw No();
    public Task<TResult> UpdateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject => throw No();
    public Task<TResult> GetSubresourceAsync<TResult>(GroupVersionResource resource, NamespacedName name, string subresource, CancellationToken cancellation)
        where TResult : class, IKubernetesObject => throw No();
    public Task<TBody> UpdateSubresourceAsync<TBody>(GroupVersionResource resource, NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where TBody : class, IKubernetesObject => throw No();
    public Task<ReadOnlyMemory<byte>> GetRawAsync(string pathAndQuery, CancellationToken cancellation) => throw No();
    public Task<IReadOnlyList<ServedResource>> ServerResourcesAsync(CancellationToken cancellation) => throw No();
    public Task<PartialObjectMetadata?> FindPartialAsync(GroupVersionResource resource, NamespacedName name, CancellationToken cancellation) => throw No();
    public Task<ResourceList<PartialObjectMetadata>> ListPartialAsync(GroupVersionResource resource, ListQuery query, CancellationToken cancellation) => throw No();
    public IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchPartialAsync(GroupVersionResource resource, WatchQuery query, CancellationToken cancellation) => throw No();
    public Task<PartialObjectMetadata> PatchPartialAsync(GroupVersionResource resource, NamespacedName name, Patch patch, CancellationToken cancellation) => throw No();
    public Task DeletePartialAsync(GroupVersionResource resource, NamespacedName name, DeleteOptions? options, CancellationToken cancellation) => throw No();
    public Task DeleteCollectionPartialAsync(GroupVersionResource resource, ListQuery query, DeleteOptions? options, CancellationToken cancellation) => throw No();
}
