namespace Coxswain.Api;

/// <summary>Collects the entries of a map whose size shows at its end, in whatever order they come.</summary>
internal struct EntryList<TValue>
{
    private KeyValuePair<string, TValue>[]? _entries;
    private int _count;
    private bool _isUnsorted;

    public void Add(string key, TValue value)
    {
        if (_entries is null)
            _entries = new KeyValuePair<string, TValue>[1];
        else if (_count == _entries.Length)
            Array.Resize(ref _entries, _count < 4 ? 4 : _count * 2);
        if (_count > 0 && !_isUnsorted && Utf8Order.Instance.Compare(_entries[_count - 1].Key, key) >= 0)
            _isUnsorted = true;
        _entries[_count++] = new(key, value);
    }

    /// <summary>The map; present even when empty.</summary>
    public ApiMap<TValue> ToApiMap() => ToApiMap(out _);

    public ApiMap<TValue> ToApiMap(out bool hasDuplicates)
    {
        hasDuplicates = false;
        if (_entries is null)
            return new([]);
        if (_isUnsorted)
            hasDuplicates = Sort();
        if (_count < _entries.Length)
            Array.Resize(ref _entries, _count);
        return new(_entries);
    }

    /// <summary>The map; absent when empty (protobuf does not tell the two apart).</summary>
    public ApiMap<TValue> ToApiMapOrAbsent() => _entries is null ? default : ToApiMap();

    /// <summary>Sorts by key; entries of one key stay in their order, so that the last one is known, and is kept.</summary>
    private bool Sort()
    {
        var sorted = new KeyValuePair<string, TValue>[_count];
        var order = new int[_count];
        for (var i = 0; i < _count; i++)
            order[i] = i;
        var entries = _entries!;
        Array.Sort(order, (a, b) => Utf8Order.Instance.Compare(entries[a].Key, entries[b].Key) is var byKey and not 0 ? byKey : a - b);

        var kept = 0;
        foreach (var i in order)
        {
            if (kept > 0 && sorted[kept - 1].Key == entries[i].Key)
                kept--;
            sorted[kept++] = entries[i];
        }
        var hasDuplicates = kept < _count;
        _entries = sorted;
        _count = kept;
        _isUnsorted = false;
        return hasDuplicates;
    }
}
