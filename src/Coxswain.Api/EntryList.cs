namespace Coxswain.Api;

/// <summary>Collects the entries of a map whose size shows at its end, in whatever order they come.</summary>
internal struct EntryList<TValue>
{
    private ItemList<KeyValuePair<string, TValue>> _entries;
    private bool _isUnsorted;

    public void Add(string key, TValue value)
    {
        if (!_isUnsorted && _entries.Count > 0 && Utf8Order.Instance.Compare(_entries.Last.Key, key) >= 0)
            _isUnsorted = true;
        _entries.Add(new(key, value));
    }

    /// <summary>The map; present even when empty.</summary>
    public readonly ApiMap<TValue> ToApiMap() => ToApiMap(out _);

    public readonly ApiMap<TValue> ToApiMap(out bool hasDuplicates)
    {
        var entries = _entries.ToArray();
        var count = entries.Length;
        if (_isUnsorted)
            entries = Sort(entries);
        hasDuplicates = entries.Length < count;
        return new(entries);
    }

    /// <summary>The map; absent when empty (protobuf does not tell the two apart).</summary>
    public readonly ApiMap<TValue> ToApiMapOrAbsent() => _entries.Count == 0 ? default : ToApiMap();

    /// <summary>Sorts by key; entries of one key stay in their order, so that the last one is known, and is kept.</summary>
    private static KeyValuePair<string, TValue>[] Sort(KeyValuePair<string, TValue>[] entries)
    {
        var order = new int[entries.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(order, (a, b) => Utf8Order.Instance.Compare(entries[a].Key, entries[b].Key) is var byKey and not 0 ? byKey : a - b);

        var sorted = new KeyValuePair<string, TValue>[entries.Length];
        var kept = 0;
        foreach (var i in order)
        {
            if (kept > 0 && sorted[kept - 1].Key == entries[i].Key)
                kept--;
            sorted[kept++] = entries[i];
        }
        return kept == sorted.Length ? sorted : sorted[..kept];
    }
}
