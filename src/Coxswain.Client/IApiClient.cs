using Coxswain.Api;
using Coxswain.Api.Meta.V1;

namespace Coxswain.Client;

/// <summary>The only way in which anyone outside the API server sees and changes the cluster.</summary>
/// <remarks>
/// <para>Safe for concurrent use. Objects handed out are immutable and may be shared with caches: change them with <c>with</c>.
/// An object handed in is not kept.</para>
/// <para>Every refusal of the server is an <see cref="ApiException"/> that carries its <see cref="Status"/>. A broken connection is an
/// <see cref="HttpRequestException"/> or <see cref="IOException"/>; the outcome of a write is then unknown. Cancelling a write does not take
/// it back once the server has it.</para>
/// </remarks>
public interface IApiClient
{
    /// <summary>Reads one object, at least as new as every write acknowledged before the call.</summary>
    /// <exception cref="ApiException">404: there is none.</exception>
    Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Reads one object; null if there is none.</summary>
    Task<T?> FindAsync<T>(NamespacedName name, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Reads the objects that match, all as of one resource version.</summary>
    /// <exception cref="ApiException">410: the continue token or resource version is too old.</exception>
    Task<ResourceList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Follows the objects that match, in order and without gaps, until the server ends the watch (which is normal:
    /// resume from the last resource version seen).</summary>
    /// <exception cref="ApiException">410: the changes since that resource version are no longer known; list again.</exception>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Creates an object and returns it as stored.</summary>
    /// <exception cref="ApiException">409 AlreadyExists, 422 Invalid, ...</exception>
    Task<T> CreateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Replaces an object; conditional on its resource version when it has one.</summary>
    /// <exception cref="ApiException">409 Conflict: somebody was faster.</exception>
    Task<T> UpdateAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Replaces an object's status; all else in <paramref name="resource"/> but labels and annotations is ignored.</summary>
    Task<T> UpdateStatusAsync<T>(T resource, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Changes an object, or with <paramref name="subresource"/> a part of it (<c>status</c>, <c>scale</c>, ...).</summary>
    Task<T> PatchAsync<T>(NamespacedName name, Patch patch, CancellationToken cancellation, string subresource = "")
        where T : class, IResource<T>;

    /// <summary>Asks for the deletion of an object. It may live on until its finalizers are gone.</summary>
    /// <exception cref="ApiException">404; 409 when a precondition does not hold.</exception>
    Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Asks for the deletion of all objects that match.</summary>
    Task DeleteCollectionAsync<T>(ListQuery query, DeleteOptions? options, CancellationToken cancellation) where T : class, IResource<T>;

    /// <summary>Reads a subresource that is an object of its own kind (<c>scale</c>).</summary>
    Task<TResult> GetSubresourceAsync<T, TResult>(NamespacedName name, string subresource, CancellationToken cancellation)
        where T : class, IResource<T> where TResult : class, IKubernetesObject;

    /// <summary>Posts to a subresource: <c>pods/binding</c>, <c>pods/eviction</c>, <c>serviceaccounts/token</c>. Where the server answers with a
    /// <see cref="Status"/>, ask for <see cref="Status"/>.</summary>
    Task<TResult> CreateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject;

    /// <summary>Puts a subresource: <c>namespaces/finalize</c>, <c>scale</c>, <c>certificatesigningrequests/approval</c>.</summary>
    Task<TResult> UpdateSubresourceAsync<T, TBody, TResult>(NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where T : class, IResource<T> where TBody : class, IKubernetesObject where TResult : class, IKubernetesObject;

    /// <summary>As <see cref="GetSubresourceAsync{T, TResult}"/>, for a resource known only by name: the <c>scale</c> of any kind.</summary>
    Task<TResult> GetSubresourceAsync<TResult>(GroupVersionResource resource, NamespacedName name, string subresource, CancellationToken cancellation)
        where TResult : class, IKubernetesObject;

    /// <summary>As <see cref="UpdateSubresourceAsync{T, TBody, TResult}"/>, for a resource known only by name.</summary>
    Task<TBody> UpdateSubresourceAsync<TBody>(GroupVersionResource resource, NamespacedName name, string subresource, TBody body, CancellationToken cancellation)
        where TBody : class, IKubernetesObject;

    /// <summary>What the server answers, as JSON, to a read of a path such as <c>/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb</c>:
    /// for APIs of other servers that this one passes on.</summary>
    /// <exception cref="ApiException">404: nobody serves the path.</exception>
    Task<ReadOnlyMemory<byte>> GetRawAsync(string pathAndQuery, CancellationToken cancellation);

    /// <summary>Every resource that the server serves, custom ones included; preferred versions of a group first.</summary>
    Task<IReadOnlyList<ServedResource>> ServerResourcesAsync(CancellationToken cancellation);

    /// <summary>As <see cref="FindAsync{T}"/>, for a resource known only by name; metadata only.</summary>
    Task<PartialObjectMetadata?> FindPartialAsync(GroupVersionResource resource, NamespacedName name, CancellationToken cancellation);

    /// <summary>As <see cref="ListAsync{T}"/>, for a resource known only by name; metadata only.</summary>
    Task<ResourceList<PartialObjectMetadata>> ListPartialAsync(GroupVersionResource resource, ListQuery query, CancellationToken cancellation);

    /// <summary>As <see cref="WatchAsync{T}"/>, for a resource known only by name; metadata only.</summary>
    IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchPartialAsync(GroupVersionResource resource, WatchQuery query,
        CancellationToken cancellation);

    /// <summary>As <see cref="PatchAsync{T}"/>, for a resource known only by name; metadata only.</summary>
    Task<PartialObjectMetadata> PatchPartialAsync(GroupVersionResource resource, NamespacedName name, Patch patch,
        CancellationToken cancellation);

    /// <summary>As <see cref="DeleteAsync{T}"/>, for a resource known only by name.</summary>
    Task DeletePartialAsync(GroupVersionResource resource, NamespacedName name, DeleteOptions? options, CancellationToken cancellation);

    /// <summary>As <see cref="DeleteCollectionAsync{T}"/>, for a resource known only by name.</summary>
    Task DeleteCollectionPartialAsync(GroupVersionResource resource, ListQuery query, DeleteOptions? options,
        CancellationToken cancellation);
}
