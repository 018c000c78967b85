using System.Text.Json;

namespace Coxswain.Api;

// One method per type of the schema.
internal ref partial struct ProtobufReader
{
    private delegate void ValueReader<T>(ref ProtobufReader reader, ref T value);

    public void Read(ref string? field) => field = StringCache.Get(Bytes());

    public void Read(ref bool field) => field = Varint() != 0;

    public void Read(ref bool? field) => field = Varint() != 0;

    public void Read(ref int field) => field = (int)Varint();

    public void Read(ref int? field) => field = (int)Varint();

    public void Read(ref long field) => field = (long)Varint();

    public void Read(ref long? field) => field = (long)Varint();

    public void Read(ref double? field)
    {
        var value = Fixed64();
        field = double.IsFinite(value) ? value : throw new DecodeException("json: unsupported value: " + GoFloat(value));
    }

    public void Read(ref ByteString field) => field = ByteString.Copy(Bytes());

    /// <summary>A message with the value's JSON in field 1.</summary>
    public void Read(ref RawJson field)
    {
        RawJson result = default;
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
                result = Json(message.Bytes());
            else
                message.Skip(tag);
        }
        field = result;
    }

    public void Read(ref RawJson? field)
    {
        RawJson value = default;
        Read(ref value);
        field = value;
    }

    public void Read(ref DateTimeOffset? field)
    {
        var value = ReadTime();
        field = value is { } time ? new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero) : null;
    }

    public void ReadMicro(ref DateTimeOffset? field) => field = ReadTime();

    public void Read(ref TimeSpan field)
    {
        long nanoseconds = 0;
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            if (tag == 0x08)
                message.Read(ref nanoseconds);
            else
                message.Skip(tag);
        }
        field = new(nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    public void Read(ref Quantity field)
    {
        string? text = "";
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
                message.Read(ref text);
            else
                message.Skip(tag);
        }

        // Upstream parses nothing into zero, too.
        if (text!.Length == 0)
            field = default;
        else if (!Quantity.TryParse(text, out field, out var error))
            throw new DecodeException(error);
    }

    public void Read(ref Quantity? field)
    {
        Quantity value = default;
        Read(ref value);
        field = value;
    }

    public void Read(ref IntOrString field)
    {
        long type = 0;
        var number = 0;
        string? text = "";
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            switch (tag)
            {
                case 0x08:
                    message.Read(ref type);
                    break;
                case 0x10:
                    message.Read(ref number);
                    break;
                case 0x1a:
                    message.Read(ref text);
                    break;
                default:
                    message.Skip(tag);
                    break;
            }
        }
        field = type switch
        {
            0 => new IntOrString(number),
            1 => new IntOrString(text!),
            _ => throw new DecodeException("impossible IntOrString.Type"),
        };
    }

    public void Read(ref IntOrString? field)
    {
        IntOrString value = default;
        Read(ref value);
        field = value;
    }

    public void Read<T>(ref T? field) where T : class, IModel<T>
    {
        var message = Message();
        field = message.IsEmpty ? T.Empty : T.ReadProtobuf(ref message);
    }

    public void Read<T>(ref ItemList<T> items) where T : class, IModel<T>
    {
        T? item = null;
        Read(ref item);
        items.Add(item!);
    }

    public void Read(ref ItemList<string> items) => items.Add(StringCache.Get(Bytes()));

    public void Read(ref ItemList<bool> items) => items.Add(Varint() != 0);

    public void Read(ref ItemList<int> items) => items.Add((int)Varint());

    public void Read(ref ItemList<long> items) => items.Add((long)Varint());

    public void Read(ref ItemList<Quantity> items)
    {
        Quantity item = default;
        Read(ref item);
        items.Add(item);
    }

    public void Read(ref ItemList<RawJson> items)
    {
        RawJson item = default;
        Read(ref item);
        items.Add(item);
    }

    /// <summary>A list that is a message of its own, with the items in its field 1.</summary>
    public void ReadMessage(ref ApiList<string> field)
    {
        ItemList<string> items = default;
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
                message.Read(ref items);
            else
                message.Skip(tag);
        }
        field = items.ToApiList();
    }

    public void Read<T>(ref EntryList<T> entries) where T : class, IModel<T> =>
        ReadEntry(ref entries, T.Empty, static (ref r, ref value) => r.Read(ref value!));

    public void Read(ref EntryList<string> entries) => ReadEntry(ref entries, "", static (ref r, ref value) => r.Read(ref value!));

    public void Read(ref EntryList<Quantity> entries) => ReadEntry(ref entries, default, static (ref r, ref value) => r.Read(ref value));

    public void Read(ref EntryList<ByteString> entries) => ReadEntry(ref entries, default, static (ref r, ref value) => r.Read(ref value));

    public void Read(ref EntryList<DateTimeOffset> entries) => ReadEntry(ref entries, default, static (ref r, ref value) =>
    {
        DateTimeOffset? time = null;
        r.Read(ref time);
        value = time.GetValueOrDefault();
    });

    public void ReadMessage(ref EntryList<ApiList<string>> entries) =>
        ReadEntry(ref entries, default, static (ref r, ref value) => r.ReadMessage(ref value));

    private void ReadEntry<T>(ref EntryList<T> entries, T value, ValueReader<T> read)
    {
        string? key = "";
        var message = Message();
        while (message.Next() is var tag && tag != 0)
        {
            if (tag == 0x0a)
                message.Read(ref key);
            else if (tag == 0x12)
                read(ref message, ref value);
            else
                message.Skip(tag);
        }
        entries.Add(key!, value);
    }

    /// <summary>Seconds and nanoseconds since 1970; an empty message is the zero time.</summary>
    private DateTimeOffset? ReadTime()
    {
        long seconds = 0;
        var nanoseconds = 0;
        var message = Message();
        var empty = true;
        while (message.Next() is var tag && tag != 0)
        {
            empty = false;
            if (tag == 0x08)
                message.Read(ref seconds);
            else if (tag == 0x10)
                message.Read(ref nanoseconds);
            else
                message.Skip(tag);
        }
        if (empty)
            return null;
        var most = DateTimeOffset.MaxValue.ToUnixTimeSeconds();
        if (seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds() || seconds > most || nanoseconds is < 0 or >= 1_000_000_000)
            throw new DecodeException("time is out of range");
        var ticks = DateTimeOffset.UnixEpoch.Ticks
            + (seconds * TimeSpan.TicksPerSecond) + (nanoseconds / 1000 * TimeSpan.TicksPerMicrosecond);
        return ticks == 0 ? null : new(ticks, TimeSpan.Zero);
    }

    private static RawJson Json(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
            return default;
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            while (reader.Read())
            {
            }
        }
        catch (JsonException)
        {
            throw new DecodeException(GoJsonScanner.Explain(bytes) ?? "exceeded max depth");
        }
        return RawJson.Wrap(JsonText.Compact(bytes));
    }

    private static string GoFloat(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
