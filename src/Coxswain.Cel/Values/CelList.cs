using System.Collections;

namespace Coxswain.Cel;

/// <summary>How the elements of a list identify themselves (x-kubernetes-list-type).</summary>
public enum CelListKind : byte
{
    Atomic,
    /// <summary>Equality without order; + is a union.</summary>
    Set,
    /// <summary>Elements are objects with keys: equality without order; + replaces what has the same keys.</summary>
    Map,
}

/// <summary>A list of values. Elements may be made when asked for.</summary>
public abstract class CelList : IReadOnlyList<CelValue>
{
    public static CelList Empty { get; } = new CelArray([]);

    public abstract int Count { get; }

    public abstract CelValue this[int index] { get; }

    public virtual CelListKind ListKind => CelListKind.Atomic;

    /// <summary>The names of the keys of a <see cref="CelListKind.Map"/>.</summary>
    public virtual IReadOnlyList<string> Keys => [];

    /// <param name="items">Belongs to the list from now on.</param>
    public static CelList Of(params CelValue[] items) => items.Length == 0 ? Empty : new CelArray(items);

    public static CelList Of(IEnumerable<CelValue> items) => Of(items.ToArray());

    public static CelList Of(IEnumerable<string> items) => Of(items.Select(CelValue.Of).ToArray());

    /// <summary>This list and another after it; a set or map list merges by its rules and keeps its order.</summary>
    public CelList Concat(CelList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ListKind == CelListKind.Atomic)
            return Of([.. this, .. other]);
        var items = new List<CelValue>(this);
        foreach (var item in other)
        {
            var at = items.FindIndex(known => SameIdentity(known, item));
            if (at < 0)
                items.Add(item);
            else
                items[at] = item;
        }
        return new CelArray([.. items], ListKind, Keys);
    }

    internal bool ContentEquals(CelList other)
    {
        if (Count != other.Count)
            return false;
        if (ListKind == CelListKind.Atomic && other.ListKind == CelListKind.Atomic)
        {
            for (var i = 0; i < Count; i++)
            {
                if (this[i] != other[i])
                    return false;
            }
            return true;
        }
        var rest = new List<CelValue>(other);
        foreach (var item in this)
        {
            var at = rest.IndexOf(item);
            if (at < 0)
                return false;
            rest.RemoveAt(at);
        }
        return true;
    }

    private bool SameIdentity(CelValue a, CelValue b)
    {
        if (ListKind == CelListKind.Set)
            return a == b;
        return a.Kind == CelKind.Map && b.Kind == CelKind.Map && Keys.All(key =>
        {
            var there = a.AsMap.TryGet(CelValue.Of(key), out var x);
            return there == b.AsMap.TryGet(CelValue.Of(key), out var y) && (!there || x == y);
        });
    }

    public IEnumerator<CelValue> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class CelArray(CelValue[] items, CelListKind kind = CelListKind.Atomic, IReadOnlyList<string>? keys = null) : CelList
    {
        public override int Count => items.Length;
        public override CelValue this[int index] => items[index];
        public override CelListKind ListKind => kind;
        public override IReadOnlyList<string> Keys => keys ?? [];
    }
}
