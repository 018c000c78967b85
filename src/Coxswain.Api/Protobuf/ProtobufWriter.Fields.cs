namespace Coxswain.Api;

// One method per type of the schema. Null means a pointer that is not set, or an absent list, map or value.
internal ref partial struct ProtobufWriter
{
    private delegate void ValueWriter<T>(ref ProtobufWriter writer, uint tag, T value);

    public void Write(uint tag, string? value)
    {
        if (value is null)
            return;
        Text(value);
        Varint(tag);
    }

    public void Write(uint tag, bool value) => Number(tag, value ? 1UL : 0);

    public void Write(uint tag, bool? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    // Negative numbers are ten bytes long, whatever their type.
    public void Write(uint tag, int value) => Number(tag, (ulong)(long)value);

    public void Write(uint tag, int? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    public void Write(uint tag, long value) => Number(tag, (ulong)value);

    public void Write(uint tag, long? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    public void Write(uint tag, double? value)
    {
        if (value is not { } set)
            return;
        Fixed64(set);
        Varint(tag);
    }

    public void Write(uint tag, ByteString value)
    {
        if (value.IsAbsent)
            return;
        Raw(value.Span);
        Varint((uint)value.Length);
        Varint(tag);
    }

    /// <summary>A raw value is a message of its own, which may be empty.</summary>
    public void Write(uint tag, RawJson value)
    {
        var mark = Mark;
        if (!value.IsAbsent)
        {
            Raw(value.Utf8);
            Close(0x0a, mark);
        }
        Close(tag, mark);
    }

    public void Write(uint tag, RawJson? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    /// <summary>A time; the zero time is an empty message.</summary>
    public void WriteTime(uint tag, DateTimeOffset? value)
    {
        var mark = Mark;
        if (value is { } time)
        {
            var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
            var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
            if (rest < 0)
            {
                seconds--;
                rest += TimeSpan.TicksPerSecond;
            }
            Number(0x10, (ulong)(rest / TimeSpan.TicksPerMicrosecond * 1000));
            Number(0x08, (ulong)seconds);
        }
        Close(tag, mark);
    }

    /// <summary>A pointer to a time.</summary>
    public void Write(uint tag, DateTimeOffset? value)
    {
        if (value is not null)
            WriteTime(tag, value);
    }

    public void Write(uint tag, TimeSpan value)
    {
        var mark = Mark;
        Number(0x08, (ulong)(value.Ticks * TimeSpan.NanosecondsPerTick));
        Close(tag, mark);
    }

    public void Write(uint tag, Quantity value)
    {
        var mark = Mark;
        Write(0x0a, value.ToString());
        Close(tag, mark);
    }

    public void Write(uint tag, Quantity? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    public void Write(uint tag, IntOrString value)
    {
        var mark = Mark;
        Write(0x1a, value.StringValue);
        Write(0x10, value.IntValue);
        Number(0x08, value.IsString ? 1UL : 0);
        Close(tag, mark);
    }

    public void Write(uint tag, IntOrString? value)
    {
        if (value is { } set)
            Write(tag, set);
    }

    public void Write<T>(uint tag, T? value) where T : class, IModel<T>
    {
        if (value is null)
            return;
        var mark = Mark;
        value.WriteProtobuf(ref this);
        Close(tag, mark);
    }

    public void Write<T>(uint tag, ApiList<T> value) where T : class, IModel<T>
    {
        for (var i = value.Count - 1; i >= 0; i--)
            Write(tag, value[i]);
    }

    public void Write(uint tag, ApiList<string> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiList<bool> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiList<int> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiList<long> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiList<Quantity> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiList<RawJson> value) => WriteList(tag, value, static (ref w, t, item) => w.Write(t, item));

    /// <summary>A list that is a message of its own, with the items in its field 1.</summary>
    public void WriteMessage(uint tag, ApiList<string> value)
    {
        if (value.IsAbsent)
            return;
        var mark = Mark;
        Write(0x0a, value);
        Close(tag, mark);
    }

    public void Write<T>(uint tag, ApiMap<T> value) where T : class, IModel<T> =>
        WriteMap(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiMap<string> value) => WriteMap(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiMap<Quantity> value) => WriteMap(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiMap<ByteString> value) => WriteMap(tag, value, static (ref w, t, item) => w.Write(t, item));

    public void Write(uint tag, ApiMap<DateTimeOffset> value) =>
        WriteMap(tag, value, static (ref w, t, item) => w.WriteTime(t, item.Ticks == 0 ? null : item));

    public void WriteMessage(uint tag, ApiMap<ApiList<string>> value) =>
        WriteMap(tag, value, static (ref w, t, item) => w.WriteMessage(t, item.IsAbsent ? [] : item));

    private void Number(uint tag, ulong value)
    {
        Varint(value);
        Varint(tag);
    }

    private void WriteList<T>(uint tag, ApiList<T> value, ValueWriter<T> write)
    {
        for (var i = value.Count - 1; i >= 0; i--)
            write(ref this, tag, value[i]);
    }

    private void WriteMap<T>(uint tag, ApiMap<T> value, ValueWriter<T> write)
    {
        for (var i = value.Count - 1; i >= 0; i--)
        {
            var (key, item) = value.AsSpan()[i];
            var mark = Mark;
            write(ref this, 0x12, item);
            Write(0x0a, key);
            Close(tag, mark);
        }
    }
}
