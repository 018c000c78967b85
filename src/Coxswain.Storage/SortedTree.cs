using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Coxswain.Storage;

/// <summary>Something that is found by its key.</summary>
public interface IKeyed
{
    string Key { get; }
}

/// <summary>An immutable ordered set of keyed items: taking a snapshot is keeping the reference, a change copies one path.</summary>
/// <remarks>Ordinal key order. Find, set, remove and rank cost O(log n); enumeration walks the leaves. Safe for concurrent use
/// because nothing in it ever changes.</remarks>
public sealed class SortedTree<T> : IEnumerable<T>
    where T : class, IKeyed
{
    private readonly Node _root;

    private SortedTree(Node root) => _root = root;

    public static SortedTree<T> Empty { get; } = new(new Leaf([]));

    public int Count => _root.Count;

    /// <summary>Builds a tree from items that are already in strictly ascending key order.</summary>
    public static SortedTree<T> FromOrdered(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count == 0)
            return Empty;

        var level = new List<Node>((items.Count / Node.Fill) + 1);
        for (var start = 0; start < items.Count; start += Node.Fill)
        {
            var leaf = new T[Math.Min(Node.Fill, items.Count - start)];
            for (var i = 0; i < leaf.Length; i++)
            {
                leaf[i] = items[start + i];
                if (start + i > 0 && string.CompareOrdinal(items[start + i - 1].Key, leaf[i].Key) >= 0)
                    throw new ArgumentException($"keys out of order at {leaf[i].Key}", nameof(items));
            }

            level.Add(new Leaf(leaf));
        }

        while (level.Count > 1)
            level = [.. level.Chunk(Node.Fill).Select(static children => new Branch(children))];
        return new(level[0]);
    }

    public T? Find(string key) => _root.Find(key);

    public bool TryFind(string key, [NotNullWhen(true)] out T? item) => (item = Find(key)) is not null;

    /// <summary>The tree with an item added, or put in the place of the item that has its key.</summary>
    public SortedTree<T> Set(T item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var (left, right) = _root.Set(item);
        return new(right is null ? left : new Branch([left, right]));
    }

    /// <summary>The tree without a key; the same tree if it is not there.</summary>
    public SortedTree<T> Remove(string key)
    {
        var root = _root.Remove(key);
        if (ReferenceEquals(root, _root))
            return this;
        while (root is Branch { Children: [var only] })
            root = only;
        return root is null ? Empty : new(root);
    }

    /// <summary>How many items have a key before this one.</summary>
    public int Rank(string key) => _root.Rank(key);

    public int CountRange(StoreRange range) =>
        Math.Max(0, (range.End is null ? Count : Rank(range.End)) - Rank(range.Start));

    /// <summary>The items of a range in key order.</summary>
    /// <param name="after">Only keys after this one (a page's continuation).</param>
    public IEnumerable<T> Range(StoreRange range, string? after = null)
    {
        // The smallest key after x is x followed by the smallest character.
        var from = after is null || string.CompareOrdinal(after, range.Start) < 0 ? range.Start : after + "\0";
        return RangeFrom(from, range.End);
    }

    public IEnumerator<T> GetEnumerator() => RangeFrom("", null).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<T> RangeFrom(string from, string? end)
    {
        var path = new Stack<(Branch Branch, int Next)>();
        var node = _root;
        while (node is Branch branch)
        {
            var child = branch.ChildFor(from);
            path.Push((branch, child + 1));
            node = branch.Children[child];
        }

        var leaf = (Leaf)node;
        var index = leaf.LowerBound(from);
        while (true)
        {
            for (; index < leaf.Items.Length; index++)
            {
                var item = leaf.Items[index];
                if (end is not null && string.CompareOrdinal(item.Key, end) >= 0)
                    yield break;
                yield return item;
            }

            Node? next = null;
            while (next is null)
            {
                if (!path.TryPop(out var step))
                    yield break;
                if (step.Next < step.Branch.Children.Length)
                {
                    path.Push((step.Branch, step.Next + 1));
                    next = step.Branch.Children[step.Next];
                }
            }

            while (next is Branch inner)
            {
                path.Push((inner, 1));
                next = inner.Children[0];
            }

            leaf = (Leaf)next;
            index = 0;
        }
    }

    private abstract class Node
    {
        public const int Capacity = 32;
        public const int Fill = 24;

        public abstract int Count { get; }
        public abstract string First { get; }
        public abstract int Width { get; }
        public abstract T? Find(string key);
        public abstract int Rank(string key);
        public abstract (Node Left, Node? Right) Set(T item);
        public abstract Node? Remove(string key);

        protected static TItem[] Inserted<TItem>(TItem[] items, int index, TItem item)
        {
            var result = new TItem[items.Length + 1];
            items.AsSpan(0, index).CopyTo(result);
            result[index] = item;
            items.AsSpan(index).CopyTo(result.AsSpan(index + 1));
            return result;
        }

        protected static TItem[] Replaced<TItem>(TItem[] items, int index, TItem item)
        {
            var result = (TItem[])items.Clone();
            result[index] = item;
            return result;
        }

        protected static TItem[] Without<TItem>(TItem[] items, int index)
        {
            var result = new TItem[items.Length - 1];
            items.AsSpan(0, index).CopyTo(result);
            items.AsSpan(index + 1).CopyTo(result.AsSpan(index));
            return result;
        }
    }

    private sealed class Leaf(T[] items) : Node
    {
        public T[] Items => items;
        public override int Count => items.Length;
        public override int Width => items.Length;
        public override string First => items.Length == 0 ? "" : items[0].Key;

        public int LowerBound(string key)
        {
            int low = 0, high = items.Length;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (string.CompareOrdinal(items[middle].Key, key) < 0)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low;
        }

        public override int Rank(string key) => LowerBound(key);

        public override T? Find(string key)
        {
            var index = LowerBound(key);
            return Holds(index, key) ? items[index] : null;
        }

        public override (Node Left, Node? Right) Set(T item)
        {
            var index = LowerBound(item.Key);
            if (Holds(index, item.Key))
                return (new Leaf(Replaced(items, index, item)), null);
            var grown = Inserted(items, index, item);
            if (grown.Length <= Capacity)
                return (new Leaf(grown), null);

            // Keys that arrive in ascending order would leave half-empty leaves behind a split in the middle.
            var cut = index == items.Length ? Fill : grown.Length / 2;
            return (new Leaf(grown[..cut]), new Leaf(grown[cut..]));
        }

        public override Node? Remove(string key)
        {
            var index = LowerBound(key);
            if (!Holds(index, key))
                return this;
            return items.Length == 1 ? null : new Leaf(Without(items, index));
        }

        private bool Holds(int index, string key) => index < items.Length && string.Equals(items[index].Key, key, StringComparison.Ordinal);
    }

    private sealed class Branch : Node
    {
        private readonly string[] _firsts;
        private readonly int _count;

        public Branch(Node[] children)
        {
            Children = children;
            _firsts = new string[children.Length];
            for (var i = 0; i < children.Length; i++)
            {
                _firsts[i] = children[i].First;
                _count += children[i].Count;
            }
        }

        public Node[] Children { get; }
        public override int Count => _count;
        public override int Width => Children.Length;
        public override string First => _firsts[0];

        public int ChildFor(string key)
        {
            int low = 1, high = _firsts.Length;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (string.CompareOrdinal(_firsts[middle], key) <= 0)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low - 1;
        }

        public override T? Find(string key) => Children[ChildFor(key)].Find(key);

        public override int Rank(string key)
        {
            var child = ChildFor(key);
            var before = 0;
            for (var i = 0; i < child; i++)
                before += Children[i].Count;
            return before + Children[child].Rank(key);
        }

        public override (Node Left, Node? Right) Set(T item)
        {
            var index = ChildFor(item.Key);
            var (left, right) = Children[index].Set(item);
            var children = Replaced(Children, index, left);
            if (right is null)
                return (new Branch(children), null);
            children = Inserted(children, index + 1, right);
            if (children.Length <= Capacity)
                return (new Branch(children), null);
            var cut = index == Children.Length - 1 ? Fill : children.Length / 2;
            return (new Branch(children[..cut]), new Branch(children[cut..]));
        }

        public override Node? Remove(string key)
        {
            var index = ChildFor(key);
            var child = Children[index].Remove(key);
            if (ReferenceEquals(child, Children[index]))
                return this;
            if (child is null)
                return Children.Length == 1 ? null : new Branch(Without(Children, index));

            // A thin child joins a neighbour, so that a tree that has shrunk is shallow and dense again.
            if (child.Width < Capacity / 4 && Children.Length > 1)
            {
                var other = index == 0 ? 1 : index - 1;
                if (Children[other].Width + child.Width <= Fill)
                {
                    var joined = other < index ? Join(Children[other], child) : Join(child, Children[other]);
                    var rest = Without(Children, Math.Max(index, other));
                    rest[Math.Min(index, other)] = joined;
                    return new Branch(rest);
                }
            }

            return new Branch(Replaced(Children, index, child));
        }

        private static Node Join(Node left, Node right) => (left, right) switch
        {
            (Leaf a, Leaf b) => new Leaf([.. a.Items, .. b.Items]),
            (Branch a, Branch b) => new Branch([.. a.Children, .. b.Children]),
            _ => throw new InvalidOperationException("neighbours of different height"),
        };
    }
}
