using Coxswain.Api;

namespace Coxswain.ApiServer.Registry;

/// <summary>The cluster as plug-ins and allocators see it: shared, immutable objects from the watch caches.</summary>
/// <remarks>What is read from a cache may lag behind the store by moments; <see cref="GetAsync{T}"/> does not.</remarks>
public interface IClusterView
{
    /// <summary>The object as the cache has it, or null.</summary>
    T? Find<T>(NamespacedName name)
        where T : class, IResource<T>;

    /// <summary>The objects of a namespace (empty: of all), as the cache has them, in key order.</summary>
    IEnumerable<T> List<T>(string @namespace)
        where T : class, IResource<T>;

    /// <summary>Completes when the cache of a kind has every write that was acknowledged before the call.</summary>
    ValueTask CatchUpAsync<T>(CancellationToken cancellation)
        where T : class, IResource<T>;

    /// <summary>The object as the store has it now, or null.</summary>
    ValueTask<T?> GetAsync<T>(NamespacedName name, CancellationToken cancellation)
        where T : class, IResource<T>;
}
