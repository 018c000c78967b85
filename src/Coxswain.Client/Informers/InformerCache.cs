using System.Collections.Concurrent;
using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>The objects an informer knows, with their indexes. One writer (the informer), any number of readers.</summary>
internal sealed class InformerCache<T> where T : class, IMetadataObject
{
    private readonly ConcurrentDictionary<NamespacedName, T> _objects = new();
    private readonly ConcurrentDictionary<string, Index> _indexes = new(StringComparer.Ordinal);
    private readonly Index _byNamespace = new(o => [o.Metadata.Namespace]);

    public int Count => _objects.Count;

    public T? Find(NamespacedName name) => _objects.GetValueOrDefault(name);

    public IReadOnlyList<T> All()
    {
        var all = new List<T>(_objects.Count);
        foreach (var (_, value) in _objects)
            all.Add(value);
        return all;
    }

    public IReadOnlyList<T> InNamespace(string ns) => _byNamespace.Get(ns);

    public IReadOnlyList<T> ByIndex(string index, string key) =>
        _indexes.TryGetValue(index, out var found)
            ? found.Get(key)
            : throw new ArgumentException($"There is no index \"{index}\" over {typeof(T).Name}.", nameof(index));

    /// <summary>Not at the same time as a write: the informer calls it under its lock.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> keys)
    {
        var index = new Index(keys);
        if (!_indexes.TryAdd(name, index))
            return;     // the same index, asked for by a second user
        foreach (var (_, value) in _objects)
            index.Replace(null, value);
    }

    public T? Put(NamespacedName name, T value)
    {
        _objects.TryGetValue(name, out var before);
        _objects[name] = value;
        Reindex(before, value);
        return before;
    }

    public T? Remove(NamespacedName name)
    {
        if (_objects.TryRemove(name, out var before))
            Reindex(before, null);
        return before;
    }

    public IReadOnlyList<NamespacedName> Names() => [.. _objects.Keys];

    private void Reindex(T? before, T? after)
    {
        _byNamespace.Replace(before, after);
        foreach (var (_, index) in _indexes)
            index.Replace(before, after);
    }

    private sealed class Index(Func<T, IEnumerable<string>> keys)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

        public IReadOnlyList<T> Get(string key)
        {
            lock (_gate)
                return _buckets.TryGetValue(key, out var bucket) ? bucket.Snapshot() : [];
        }

        public void Replace(T? before, T? after)
        {
            lock (_gate)
            {
                if (before is not null)
                {
                    foreach (var key in keys(before))
                    {
                        if (_buckets.TryGetValue(key, out var bucket) && bucket.Remove(before.FullName()))
                            _buckets.Remove(key);
                    }
                }
                if (after is null)
                    return;
                foreach (var key in keys(after))
                {
                    if (!_buckets.TryGetValue(key, out var bucket))
                        _buckets[key] = bucket = new();
                    bucket.Put(after);
                }
            }
        }
    }

    /// <summary>The objects under one key. A reader gets an array that is kept until the next change.</summary>
    private sealed class Bucket
    {
        private readonly Dictionary<NamespacedName, T> _objects = [];
        private T[]? _snapshot;

        public T[] Snapshot() => _snapshot ??= [.. _objects.Values];

        public void Put(T value)
        {
            _objects[value.FullName()] = value;
            _snapshot = null;
        }

        /// <summary>True when nothing is left.</summary>
        public bool Remove(NamespacedName name)
        {
            _objects.Remove(name);
            _snapshot = null;
            return _objects.Count == 0;
        }
    }
}
