using Coxswain.Api;
using Coxswain.Api.Selectors;

namespace Coxswain.Client;

/// <summary>Reads what an informer knows, from memory.</summary>
/// <remarks>Safe for concurrent use. It may lag behind the server, never goes back in time for one object, and hands out the shared
/// immutable objects themselves. Lists come in no particular order.</remarks>
public sealed class Lister<T> where T : class, IMetadataObject
{
    private readonly InformerCache<T> _cache;

    internal Lister(InformerCache<T> cache) => _cache = cache;

    public int Count => _cache.Count;

    public T? Find(NamespacedName name) => _cache.Find(name);

    /// <summary>Every object.</summary>
    public IReadOnlyList<T> All() => _cache.All();

    /// <summary>The objects of a namespace; of all namespaces if it is empty.</summary>
    public IReadOnlyList<T> List(string ns) => ns.Length == 0 ? _cache.All() : _cache.InNamespace(ns);

    /// <summary>The objects of a namespace (of all, if it is empty) that have labels which match.</summary>
    public IReadOnlyList<T> List(string ns, Selector selector)
    {
        var matching = new List<T>();
        foreach (var candidate in List(ns))
        {
            if (selector.Matches(candidate.Metadata.Labels))
                matching.Add(candidate);
        }
        return matching;
    }

    /// <summary>The objects that an index, made with <see cref="Informer{T}.AddIndex"/>, files under a key.</summary>
    public IReadOnlyList<T> ByIndex(string index, string key) => _cache.ByIndex(index, key);
}
