using System.Runtime.CompilerServices;

namespace Coxswain.Api;

/// <summary>Collects the items of a list whose length shows at its end. The first few stay on the stack, as most lists are short.</summary>
internal struct ItemList<T>
{
    private Inline _inline;
    private T[]? _more;
    private int _count;

    public readonly int Count => _count;

    public readonly T Last => _more is null ? _inline[_count - 1] : _more[_count - 1];

    public void Add(T item)
    {
        if (_more is null && _count < Inline.Length)
        {
            _inline[_count++] = item;
            return;
        }
        if (_more is null)
        {
            _more = new T[Inline.Length * 3];
            ((ReadOnlySpan<T>)_inline).CopyTo(_more);
        }
        else if (_count == _more.Length)
        {
            Array.Resize(ref _more, _count * 2);
        }
        _more[_count++] = item;
    }

    /// <summary>The items, in an array of their own.</summary>
    public readonly T[] ToArray() => _count == 0 ? [] : (_more ?? (ReadOnlySpan<T>)_inline)[.._count].ToArray();

    /// <summary>The list; present even when empty.</summary>
    public readonly ApiList<T> ToApiList() => new(ToArray());

    /// <summary>The list; absent when empty (protobuf does not tell the two apart).</summary>
    public readonly ApiList<T> ToApiListOrAbsent() => _count == 0 ? default : new(ToArray());

    [InlineArray(Length)]
    private struct Inline
    {
        public const int Length = 4;
        private T _first;
    }
}
