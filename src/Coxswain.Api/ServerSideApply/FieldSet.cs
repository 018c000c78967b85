using System.Buffers;
using System.Text;

namespace Coxswain.Api.ServerSideApply;

/// <summary>A set of paths into an object, kept as a tree. Immutable and safe to share.</summary>
public sealed partial class FieldSet : IEquatable<FieldSet>
{
    private readonly Entry[] _entries;

    private FieldSet(Entry[] entries) => _entries = entries;

    public static FieldSet Empty { get; } = new([]);

    public bool IsEmpty => _entries.Length == 0;

    internal ReadOnlySpan<Entry> Entries => _entries;

    /// <summary>The set of these paths of object members, each as names with dots between them: <c>metadata.name</c>.</summary>
    public static FieldSet OfFields(params ReadOnlySpan<string> paths)
    {
        var result = Empty;
        foreach (var path in paths)
        {
            FieldSet? single = null;
            foreach (var name in path.Split('.').Reverse())
                single = new([new(PathElement.Field(name), single is null, single ?? Empty)]);
            result = result.Union(single!);
        }

        return result;
    }

    public FieldSet Union(FieldSet other) => Merge(this, other, Operation.Union);

    public FieldSet Intersection(FieldSet other) => Merge(this, other, Operation.Intersection);

    /// <summary>The paths that the other set does not have.</summary>
    public FieldSet Difference(FieldSet other) => Merge(this, other, Operation.Difference);

    /// <summary>The paths that the other set has neither themselves nor above them.</summary>
    public FieldSet RecursiveDifference(FieldSet other) => Merge(this, other, Operation.RecursiveDifference);

    /// <summary>Whether both have a path in common. Allocates nothing.</summary>
    public bool Overlaps(FieldSet other)
    {
        int l = 0, r = 0;
        while (l < _entries.Length && r < other._entries.Length)
        {
            var (left, right) = (_entries[l], other._entries[r]);
            var order = left.Element.CompareTo(right.Element);
            if (order == 0 && ((left.IsMember && right.IsMember) || left.Children.Overlaps(right.Children)))
                return true;
            if (order <= 0)
                l++;
            if (order >= 0)
                r++;
        }

        return false;
    }

    /// <summary>All paths as messages write them: <c>.spec.containers[name="a"].image</c>.</summary>
    public IEnumerable<string> Paths()
    {
        var paths = new List<string>();
        Collect(new StringBuilder(), paths);
        return paths;
    }

    public bool Equals(FieldSet? other) =>
        ReferenceEquals(this, other) || (other is not null && _entries.AsSpan().SequenceEqual(other._entries));

    public override bool Equals(object? obj) => Equals(obj as FieldSet);

    public override int GetHashCode() => _entries.Length == 0 ? 0 : HashCode.Combine(_entries.Length, _entries[0].Element, _entries[^1].Element);

    public override string ToString() => string.Join(' ', Paths());

    internal bool TryFind(PathElement element, out Entry entry)
    {
        int low = 0, high = _entries.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _entries[middle].Element.CompareTo(element);
            if (order == 0)
            {
                entry = _entries[middle];
                return true;
            }

            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        entry = default;
        return false;
    }

    /// <summary>The set with every struct field on the way to a path as a path of its own.</summary>
    internal FieldSet WithNamedFields(SchemaPlace place)
    {
        if (IsEmpty)
            return this;

        var entries = new Entry[_entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = _entries[i];
            var below = place.Below(entry.Element);
            entries[i] = new(entry.Element, entry.IsMember || (place.IsStruct && entry.Element.Kind == PathElementKind.Field && (place.Type?.Rest is null || place.Names(entry.Element.Text))), entry.Children.WithNamedFields(below));
        }

        return new(entries);
    }

    private static FieldSet Merge(FieldSet left, FieldSet right, Operation operation)
    {
        if (left.IsEmpty)
            return operation == Operation.Union ? right : Empty;
        if (right.IsEmpty)
            return operation == Operation.Intersection ? Empty : left;

        var result = default(Builder);
        int l = 0, r = 0;
        while (l < left._entries.Length || r < right._entries.Length)
        {
            var order = l == left._entries.Length ? 1 : r == right._entries.Length ? -1 : left._entries[l].Element.CompareTo(right._entries[r].Element);
            if (order < 0)
            {
                if (operation != Operation.Intersection)
                    result.Add(left._entries[l]);
                l++;
            }
            else if (order > 0)
            {
                if (operation == Operation.Union)
                    result.Add(right._entries[r]);
                r++;
            }
            else
            {
                result.Add(Merge(left._entries[l++], right._entries[r++], operation));
            }
        }

        return result.Build(isSorted: true);
    }

    private static Entry Merge(Entry left, Entry right, Operation operation) => operation switch
    {
        Operation.Union => new(left.Element, left.IsMember || right.IsMember, left.Children.Union(right.Children)),
        Operation.Intersection => new(left.Element, left.IsMember && right.IsMember, left.Children.Intersection(right.Children)),
        Operation.Difference => new(left.Element, left.IsMember && !right.IsMember, left.Children.Difference(right.Children)),
        _ when right.IsMember => new(left.Element, false, Empty),
        _ => new(left.Element, left.IsMember, left.Children.RecursiveDifference(right.Children)),
    };

    private void Collect(StringBuilder path, List<string> paths)
    {
        foreach (var entry in _entries)
        {
            var length = path.Length;
            entry.Element.AppendTo(path);
            if (entry.IsMember)
                paths.Add(path.ToString());
            entry.Children.Collect(path, paths);
            path.Length = length;
        }
    }

    private enum Operation
    {
        Union,
        Intersection,
        Difference,
        RecursiveDifference,
    }

    /// <summary>An element that is a path itself, leads to others, or both.</summary>
    internal readonly record struct Entry(PathElement Element, bool IsMember, FieldSet Children);

    /// <summary>Gathers the entries of one level, in a borrowed array. Nothing is kept of entries without paths. To be built once.</summary>
    internal struct Builder
    {
        private const int FirstCapacity = 16;
        private Entry[]? _entries;
        private int _count;

        public void Add(PathElement element, bool isMember, FieldSet children) => Add(new(element, isMember, children));

        public void Add(Entry entry)
        {
            if (!entry.IsMember && entry.Children.IsEmpty)
                return;

            if (_entries is null)
                _entries = ArrayPool<Entry>.Shared.Rent(FirstCapacity);
            else if (_count == _entries.Length)
                Grow();
            _entries[_count++] = entry;
        }

        public FieldSet Build(bool isSorted = false)
        {
            if (_entries is not { } borrowed)
                return Empty;
            var entries = borrowed.AsSpan(0, _count).ToArray();
            Return(borrowed);
            _entries = null;
            if (isSorted || entries.Length == 1)
                return new(entries);

            Array.Sort(entries, static (a, b) => a.Element.CompareTo(b.Element));
            for (var i = 1; i < entries.Length; i++)
            {
                // An object that names a member twice.
                if (entries[i].Element == entries[i - 1].Element)
                    return new([.. entries.DistinctBy(entry => entry.Element)]);
            }

            return new(entries);
        }

        private void Grow()
        {
            var larger = ArrayPool<Entry>.Shared.Rent(_count * 2);
            _entries!.CopyTo(larger, 0);
            Return(_entries!);
            _entries = larger;
        }

        // What the pool keeps must not keep objects alive.
        private readonly void Return(Entry[] borrowed)
        {
            borrowed.AsSpan(0, _count).Clear();
            ArrayPool<Entry>.Shared.Return(borrowed);
        }
    }
}
