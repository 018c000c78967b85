using System.Text.Json;

namespace Coxswain.Api;

// Structs, lists and maps. A null item is the zero value of its type.
internal ref partial struct JsonDecoder
{
    private delegate void ItemReader<T>(ref JsonDecoder decoder, ref T item);

    public void Read<T>(ref T? field) where T : class, IModel<T> => field = T.ReadJson(ref this);

    public void Read<T>(ref ApiList<T> field) where T : class, IModel<T>
    {
        ItemList<T> items = default;
        BeginList();
        while (NextItem())
            items.Add(_reader.TokenType == JsonTokenType.Null ? T.Empty : T.ReadJson(ref this));
        field = items.ToApiList();
    }

    public void Read<T>(ref ApiMap<T> field) where T : class, IModel<T>
    {
        var entries = BeginMap<T>();
        while (NextEntry(entries) is { } key)
            entries[key] = _reader.TokenType == JsonTokenType.Null ? T.Empty : T.ReadJson(ref this);
        field = new(entries);
    }

    public void Read(ref ApiList<string> field)
    {
        ItemList<string> items = default;
        BeginList();
        while (NextItem())
            items.Add(_reader.TokenType == JsonTokenType.Null ? "" : Text());
        field = items.ToApiList();
    }

    public void Read(ref ApiList<bool> field) => ReadList(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiList<int> field) => ReadList(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiList<long> field) => ReadList(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiList<Quantity> field) => ReadList(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiList<RawJson> field) => ReadList(ref field, static (ref d, ref item) => d.Read(ref item), nullIsValue: true);

    public void Read(ref ApiMap<string> field)
    {
        var entries = BeginMap<string>();
        while (NextEntry(entries) is { } key)
            entries[key] = _reader.TokenType == JsonTokenType.Null ? "" : Text();
        field = new(entries);
    }

    public void Read(ref ApiMap<Quantity> field) => ReadMap(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiMap<ByteString> field) => ReadMap(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiMap<ApiList<string>> field) => ReadMap(ref field, static (ref d, ref item) => d.Read(ref item));

    public void Read(ref ApiMap<DateTimeOffset> field) => ReadMap(ref field, static (ref d, ref item) =>
    {
        DateTimeOffset? value = null;
        d.Read(ref value);
        item = value.GetValueOrDefault();
    });

    private void ReadList<T>(ref ApiList<T> field, ItemReader<T> read, bool nullIsValue = false)
    {
        ItemList<T> items = default;
        BeginList();
        while (NextItem())
        {
            T item = default!;
            if (nullIsValue || _reader.TokenType != JsonTokenType.Null)
                read(ref this, ref item);
            items.Add(item);
        }
        field = items.ToApiList();
    }

    private void ReadMap<T>(ref ApiMap<T> field, ItemReader<T> read)
    {
        var entries = BeginMap<T>();
        while (NextEntry(entries) is { } key)
        {
            T item = default!;
            if (_reader.TokenType != JsonTokenType.Null)
                read(ref this, ref item);
            entries[key] = item;
        }
        field = new(entries);
    }

    private readonly void BeginList()
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
            throw Mismatch();
    }

    private bool NextItem()
    {
        _reader.Read();
        return _reader.TokenType != JsonTokenType.EndArray;
    }

    private readonly Dictionary<string, T> BeginMap<T>() =>
        _reader.TokenType == JsonTokenType.StartObject ? new(StringComparer.Ordinal) : throw Mismatch();

    /// <summary>Goes to the next entry's value; null at the map's end.</summary>
    private string? NextEntry<T>(Dictionary<string, T> entries)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
            return null;
        var key = _reader.ValueIsEscaped ? JsonText.Decode(JsonText.Unescape(_reader.ValueSpan)) : StringCache.Get(_reader.ValueSpan);
        if (_lenient == 0 && entries.ContainsKey(key))
            Find(JsonFindingKind.Duplicate);
        _reader.Read();
        return key;
    }
}

/// <summary>Collects the items of a list whose length shows at its end.</summary>
internal struct ItemList<T>
{
    private T[]? _items;
    private int _count;

    public void Add(T item)
    {
        if (_items is null)
            _items = new T[1];
        else if (_count == _items.Length)
            Array.Resize(ref _items, _count < 4 ? 4 : _count * 2);
        _items[_count++] = item;
    }

    /// <summary>The list; present even when empty.</summary>
    public readonly ApiList<T> ToApiList() =>
        _items is null ? new([]) : new(_count == _items.Length ? _items : _items[.._count]);

    /// <summary>The list; absent when empty (protobuf does not tell the two apart).</summary>
    public readonly ApiList<T> ToApiListOrAbsent() => _items is null ? default : ToApiList();
}
