using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Coxswain.Api;

/// <summary>An immutable map of an API object. The default value is the absent map, which reads as an empty one. Enumeration goes by
/// ascending keys, in the order of their UTF-8 bytes, as Go writes them.</summary>
/// <remarks>Equality is by entries; an absent map equals an empty one. Kept as one sorted array: the maps of an object are many and
/// small. Safe to share between threads.</remarks>
[CollectionBuilder(typeof(ApiMap), nameof(ApiMap.Create))]
public readonly struct ApiMap<TValue> : IReadOnlyDictionary<string, TValue>, IEquatable<ApiMap<TValue>>
{
    // Up to here looking at each key is faster than halving.
    private const int SmallCount = 8;
    private readonly KeyValuePair<string, TValue>[]? _entries;

    /// <summary>Wraps the array, which is sorted and which nobody may change from now on.</summary>
    internal ApiMap(KeyValuePair<string, TValue>[]? sorted) => _entries = sorted;

    /// <summary>True when the document did not name the map (or said null).</summary>
    public bool IsAbsent => _entries is null;

    public int Count => _entries is null ? 0 : _entries.Length;

    public TValue this[string key] =>
        IndexOf(key) is var at and >= 0 ? _entries![at].Value : throw new KeyNotFoundException($"no such key: {key}");

    /// <summary>The keys in order; a new list.</summary>
    public IReadOnlyList<string> Keys => Array.ConvertAll(Entries, static entry => entry.Key);

    /// <summary>The values in the order of their keys; a new list.</summary>
    public IReadOnlyList<TValue> Values => Array.ConvertAll(Entries, static entry => entry.Value);

    IEnumerable<string> IReadOnlyDictionary<string, TValue>.Keys => Keys;

    IEnumerable<TValue> IReadOnlyDictionary<string, TValue>.Values => Values;

    private KeyValuePair<string, TValue>[] Entries => _entries ?? [];

    public ReadOnlySpan<KeyValuePair<string, TValue>> AsSpan() => _entries;

    public bool ContainsKey(string key) => IndexOf(key) >= 0;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value)
    {
        var at = IndexOf(key);
        value = at >= 0 ? _entries![at].Value : default;
        return at >= 0;
    }

    public TValue? GetValueOrDefault(string key) => IndexOf(key) is var at and >= 0 ? _entries![at].Value : default;

    /// <summary>A new map with the entry added or replaced.</summary>
    public ApiMap<TValue> With(string key, TValue value)
    {
        var at = Search(key);
        return at >= 0
            ? new([.. AsSpan()[..at], new(key, value), .. AsSpan()[(at + 1)..]])
            : new([.. AsSpan()[..~at], new(key, value), .. AsSpan()[~at..]]);
    }

    /// <summary>A map without the entry: this one if it has none.</summary>
    public ApiMap<TValue> Without(string key)
    {
        var at = IndexOf(key);
        return at < 0 ? this : new([.. AsSpan()[..at], .. AsSpan()[(at + 1)..]]);
    }

    public Enumerator GetEnumerator() => new(_entries);

    IEnumerator<KeyValuePair<string, TValue>> IEnumerable<KeyValuePair<string, TValue>>.GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, TValue>>)Entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => Entries.GetEnumerator();

    public bool Equals(ApiMap<TValue> other)
    {
        if (ReferenceEquals(_entries, other._entries))
            return true;
        if (Count != other.Count)
            return false;
        for (var i = 0; i < Count; i++)
        {
            var (mine, its) = (_entries![i], other._entries![i]);
            if (mine.Key != its.Key || !EqualityComparer<TValue>.Default.Equals(mine.Value, its.Value))
                return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => obj is ApiMap<TValue> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (key, value) in this)
        {
            hash.Add(key);
            hash.Add(value);
        }
        return hash.ToHashCode();
    }

    public static bool operator ==(ApiMap<TValue> left, ApiMap<TValue> right) => left.Equals(right);

    public static bool operator !=(ApiMap<TValue> left, ApiMap<TValue> right) => !left.Equals(right);

    private int IndexOf(string key)
    {
        var entries = AsSpan();
        if (entries.Length > SmallCount)
            return Search(key);
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i].Key == key)
                return i;
        }
        return -1;
    }

    /// <summary>The place of the key, or the complement of where it would have to be.</summary>
    private int Search(string key)
    {
        var entries = AsSpan();
        var (low, high) = (0, entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Utf8Order.Instance.Compare(entries[middle].Key, key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return ~low;
    }

    public struct Enumerator
    {
        private readonly KeyValuePair<string, TValue>[]? _entries;
        private int _index;

        internal Enumerator(KeyValuePair<string, TValue>[]? entries)
        {
            _entries = entries;
            _index = -1;
        }

        public readonly KeyValuePair<string, TValue> Current => _entries![_index];

        public bool MoveNext() => _entries is not null && ++_index < _entries.Length;
    }
}

/// <summary>Makes <see cref="ApiMap{TValue}"/> values. Of several values of one key the last counts.</summary>
public static class ApiMap
{
    public static ApiMap<TValue> Create<TValue>(ReadOnlySpan<KeyValuePair<string, TValue>> entries)
    {
        EntryList<TValue> result = default;
        foreach (var (key, value) in entries)
            result.Add(key, value);
        return result.ToApiMap();
    }

    /// <summary>A map with the entries of a sequence, which is read once, now.</summary>
    public static ApiMap<TValue> ToApiMap<TValue>(this IEnumerable<KeyValuePair<string, TValue>> entries)
    {
        if (entries is ApiMap<TValue> map)
            return map;
        EntryList<TValue> result = default;
        foreach (var (key, value) in entries)
            result.Add(key, value);
        return result.ToApiMap();
    }

    /// <summary>A map of one entry.</summary>
    public static ApiMap<TValue> Of<TValue>(string key, TValue value) => new([new(key, value)]);
}
