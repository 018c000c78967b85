using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Coxswain.Cel;

/// <summary>A map, or an object with named fields. Values may be made when asked for.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "A map of the language.")]
public abstract class CelMap : IEnumerable<KeyValuePair<CelValue, CelValue>>
{
    public static CelMap Empty { get; } = new Dictionary([]);

    public abstract int Count { get; }

    public abstract IEnumerable<CelValue> Keys { get; }

    /// <summary>The type of an object. Null: a plain map.</summary>
    public virtual CelType? ObjectType => null;

    public abstract bool TryGet(CelValue key, out CelValue value);

    /// <param name="entries">Belongs to the map from now on.</param>
    public static CelMap Of(Dictionary<CelValue, CelValue> entries, CelType? type = null) => new Dictionary(entries, type);

    public static CelMap Of(IEnumerable<KeyValuePair<string, CelValue>> entries) =>
        new Dictionary(entries.ToDictionary(entry => CelValue.Of(entry.Key), entry => entry.Value));

    internal bool ContentEquals(CelMap other)
    {
        if (Count != other.Count)
            return false;
        foreach (var (key, value) in this)
        {
            if (!other.TryGet(key, out var there) || value != there)
                return false;
        }
        return true;
    }

    public IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
    {
        foreach (var key in Keys)
        {
            if (TryGet(key, out var value))
                yield return new(key, value);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class Dictionary(Dictionary<CelValue, CelValue> entries, CelType? type = null) : CelMap
    {
        public override int Count => entries.Count;
        public override IEnumerable<CelValue> Keys => entries.Keys;
        public override CelType? ObjectType => type;
        public override bool TryGet(CelValue key, out CelValue value) => entries.TryGetValue(key, out value);
    }
}
