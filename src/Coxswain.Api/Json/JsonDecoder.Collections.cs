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
        EntryList<T> entries = default;
        var start = BeginMap();
        while (NextEntry() is { } key)
            entries.Add(key, _reader.TokenType == JsonTokenType.Null ? T.Empty : T.ReadJson(ref this));
        field = EndMap(ref entries, start);
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
        EntryList<string> entries = default;
        var start = BeginMap();
        while (NextEntry() is { } key)
            entries.Add(key, _reader.TokenType == JsonTokenType.Null ? "" : Text());
        field = EndMap(ref entries, start);
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
        EntryList<T> entries = default;
        var start = BeginMap();
        while (NextEntry() is { } key)
        {
            T item = default!;
            if (_reader.TokenType != JsonTokenType.Null)
                read(ref this, ref item);
            entries.Add(key, item);
        }
        field = EndMap(ref entries, start);
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

    /// <summary>Enters a map and says where it begins.</summary>
    private readonly long BeginMap() => _reader.TokenType == JsonTokenType.StartObject ? _reader.TokenStartIndex : throw Mismatch();

    /// <summary>Goes to the next entry's value; null at the map's end.</summary>
    private string? NextEntry()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
            return null;
        var key = _reader.ValueIsEscaped ? JsonText.Decode(JsonText.Unescape(_reader.ValueSpan)) : StringCache.Get(_reader.ValueSpan);
        _reader.Read();
        return key;
    }

    private ApiMap<T> EndMap<T>(ref EntryList<T> entries, long start)
    {
        var map = entries.ToApiMap(out var hasDuplicates);
        if (hasDuplicates)
            Find(JsonFindingKind.DuplicateKeys, start);
        return map;
    }
}
