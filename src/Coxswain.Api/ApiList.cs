using System.Collections;
using System.Runtime.CompilerServices;

namespace Coxswain.Api;

/// <summary>An immutable list of an API object. The default value is the absent list, which reads as an empty one.</summary>
/// <remarks>Equality is by items, in order; an absent list equals an empty one. Safe to share between threads.</remarks>
[CollectionBuilder(typeof(ApiList), nameof(ApiList.Create))]
public readonly struct ApiList<T> : IReadOnlyList<T>, IEquatable<ApiList<T>>
{
    private readonly T[]? _items;

    /// <summary>Wraps the array, which nobody may change from now on.</summary>
    internal ApiList(T[]? items) => _items = items;

    /// <summary>True when the document did not name the list (or said null).</summary>
    public bool IsAbsent => _items is null;

    public int Count => _items is null ? 0 : _items.Length;

    public T this[int index] => _items is null ? throw new ArgumentOutOfRangeException(nameof(index)) : _items[index];

    public ReadOnlySpan<T> AsSpan() => _items;

    /// <summary>A new list with the item at its end.</summary>
    public ApiList<T> Add(T item) => new([.. AsSpan(), item]);

    /// <summary>A new list with the items at its end.</summary>
    public ApiList<T> AddRange(IEnumerable<T> items) => new([.. AsSpan(), .. items]);

    /// <summary>A new list with another item at the index.</summary>
    public ApiList<T> SetItem(int index, T item)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        T[] items = [.. AsSpan()];
        items[index] = item;
        return new(items);
    }

    /// <summary>A new list without the item at the index.</summary>
    public ApiList<T> RemoveAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return new([.. AsSpan()[..index], .. AsSpan()[(index + 1)..]]);
    }

    public Enumerator GetEnumerator() => new(_items);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)(_items ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (_items ?? []).GetEnumerator();

    public bool Equals(ApiList<T> other)
    {
        if (ReferenceEquals(_items, other._items))
            return true;
        var left = AsSpan();
        var right = other.AsSpan();
        if (left.Length != right.Length)
            return false;
        for (var i = 0; i < left.Length; i++)
        {
            if (!EqualityComparer<T>.Default.Equals(left[i], right[i]))
                return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => obj is ApiList<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in AsSpan())
            hash.Add(item);
        return hash.ToHashCode();
    }

    public static bool operator ==(ApiList<T> left, ApiList<T> right) => left.Equals(right);

    public static bool operator !=(ApiList<T> left, ApiList<T> right) => !left.Equals(right);

    public struct Enumerator
    {
        private readonly T[]? _items;
        private int _index;

        internal Enumerator(T[]? items)
        {
            _items = items;
            _index = -1;
        }

        public readonly T Current => _items![_index];

        public bool MoveNext() => _items is not null && ++_index < _items.Length;
    }
}

/// <summary>Makes <see cref="ApiList{T}"/> values.</summary>
public static class ApiList
{
    public static ApiList<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());

    /// <summary>A list with the items of a sequence, which is read once, now.</summary>
    public static ApiList<T> ToApiList<T>(this IEnumerable<T> items) => items is ApiList<T> list ? list : new(items.ToArray());
}
