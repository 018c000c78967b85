using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Coxswain.Api;

/// <summary>An immutable map of an API object. The default value is the absent map, which reads as an empty one.</summary>
/// <remarks>Equality is by entries, whatever their order; an absent map equals an empty one. Safe to share between threads.</remarks>
[CollectionBuilder(typeof(ApiMap), nameof(ApiMap.Create))]
public readonly struct ApiMap<TValue> : IReadOnlyDictionary<string, TValue>, IEquatable<ApiMap<TValue>>
{
    private static readonly Dictionary<string, TValue> None = new(0, StringComparer.Ordinal);
    private readonly Dictionary<string, TValue>? _entries;

    /// <summary>Wraps the dictionary, which nobody may change from now on.</summary>
    internal ApiMap(Dictionary<string, TValue>? entries) => _entries = entries;

    /// <summary>True when the document did not name the map (or said null).</summary>
    public bool IsAbsent => _entries is null;

    public int Count => _entries is null ? 0 : _entries.Count;

    public TValue this[string key] => (_entries ?? None)[key];

    public Dictionary<string, TValue>.KeyCollection Keys => (_entries ?? None).Keys;

    public Dictionary<string, TValue>.ValueCollection Values => (_entries ?? None).Values;

    IEnumerable<string> IReadOnlyDictionary<string, TValue>.Keys => Keys;

    IEnumerable<TValue> IReadOnlyDictionary<string, TValue>.Values => Values;

    public bool ContainsKey(string key) => _entries is not null && _entries.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_entries is not null)
            return _entries.TryGetValue(key, out value);
        value = default;
        return false;
    }

    public TValue? GetValueOrDefault(string key) => _entries is null ? default : _entries.GetValueOrDefault(key);

    /// <summary>A new map with the entry added or replaced.</summary>
    public ApiMap<TValue> With(string key, TValue value) => new(new Dictionary<string, TValue>(_entries ?? None, StringComparer.Ordinal) { [key] = value });

    /// <summary>A map without the entry: this one if it has none.</summary>
    public ApiMap<TValue> Without(string key)
    {
        if (!ContainsKey(key))
            return this;
        var entries = new Dictionary<string, TValue>(_entries!, StringComparer.Ordinal);
        entries.Remove(key);
        return new(entries);
    }

    /// <summary>Whether enumeration already goes by ascending keys, as it does for what was read from our own documents.</summary>
    internal bool IsSorted
    {
        get
        {
            string? last = null;
            foreach (var (key, _) in this)
            {
                if (last is not null && Utf8Order.Instance.Compare(last, key) > 0)
                    return false;
                last = key;
            }
            return true;
        }
    }

    internal string[] SortedKeys()
    {
        var keys = Keys.ToArray();
        Array.Sort(keys, Utf8Order.Instance);
        return keys;
    }

    public Dictionary<string, TValue>.Enumerator GetEnumerator() => (_entries ?? None).GetEnumerator();

    IEnumerator<KeyValuePair<string, TValue>> IEnumerable<KeyValuePair<string, TValue>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public bool Equals(ApiMap<TValue> other)
    {
        if (ReferenceEquals(_entries, other._entries))
            return true;
        if (Count != other.Count)
            return false;
        foreach (var (key, value) in this)
        {
            if (!other.TryGetValue(key, out var there) || !EqualityComparer<TValue>.Default.Equals(value, there))
                return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => obj is ApiMap<TValue> other && Equals(other);

    public override int GetHashCode()
    {
        // Order must not matter.
        var hash = Count;
        foreach (var (key, value) in this)
            hash ^= HashCode.Combine(key, value);
        return hash;
    }

    public static bool operator ==(ApiMap<TValue> left, ApiMap<TValue> right) => left.Equals(right);

    public static bool operator !=(ApiMap<TValue> left, ApiMap<TValue> right) => !left.Equals(right);
}

/// <summary>Makes <see cref="ApiMap{TValue}"/> values.</summary>
public static class ApiMap
{
    public static ApiMap<TValue> Create<TValue>(ReadOnlySpan<KeyValuePair<string, TValue>> entries)
    {
        var result = new Dictionary<string, TValue>(entries.Length, StringComparer.Ordinal);
        foreach (var (key, value) in entries)
            result[key] = value;
        return new(result);
    }

    /// <summary>A map with the entries of a sequence, which is read once, now. The last of several values of one key counts.</summary>
    public static ApiMap<TValue> ToApiMap<TValue>(this IEnumerable<KeyValuePair<string, TValue>> entries)
    {
        if (entries is ApiMap<TValue> map)
            return map;
        var result = new Dictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var (key, value) in entries)
            result[key] = value;
        return new(result);
    }

    /// <summary>A map of one entry.</summary>
    public static ApiMap<TValue> Of<TValue>(string key, TValue value) => new(new Dictionary<string, TValue>(1, StringComparer.Ordinal) { [key] = value });
}
