using System.Text.Json;

namespace Coxswain.Api;

/// <summary>Members as upstream writes them. <c>Opt</c> leaves an empty value out (omitempty), <c>Req</c> always writes it: null for
/// what is absent. A struct that is not a pointer is never empty.</summary>
internal static class JsonOutput
{
    private delegate void ItemWriter<T>(Utf8JsonWriter writer, T item);

    // Writers know nothing but the value: how it is meant goes beside them, on the thread that writes.
    [ThreadStatic]
    private static bool _isStoredForm;

    /// <summary>Until disposed, lists without items are written as null by this thread.</summary>
    public static StoredFormScope BeginStoredForm()
    {
        var before = _isStoredForm;
        _isStoredForm = true;
        return new(before);
    }

    internal readonly ref struct StoredFormScope(bool before)
    {
        public void Dispose() => _isStoredForm = before;
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
            writer.WriteString(name, value);
    }

    /// <summary>A pointer to a string, whose target may be empty.</summary>
    public static void OptPointer(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool value)
    {
        if (value)
            writer.WriteBoolean(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } set)
            writer.WriteBoolean(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, int value)
    {
        if (value != 0)
            writer.WriteNumber(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } set)
            writer.WriteNumber(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
            writer.WriteNumber(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } set)
            writer.WriteNumber(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } set)
            writer.WriteNumber(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ByteString value)
    {
        if (value.Length > 0)
            writer.WriteBase64String(name, value.Span);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, RawJson? value)
    {
        if (value is { } set)
            writer.Req(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, Quantity? value)
    {
        if (value is { } set)
            writer.Req(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, IntOrString? value)
    {
        if (value is { } set)
            writer.Req(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, TimeSpan? value)
    {
        if (value is { } set)
            writer.Req(name, set);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is not null)
            writer.Req(name, value);
    }

    public static void OptMicro(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is not null)
            writer.ReqMicro(name, value);
    }

    public static void Opt<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, T? value) where T : class, IModel<T>
    {
        if (value is not null)
            writer.Req(name, value);
    }

    public static void Opt<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<T> value) where T : class, IModel<T>
    {
        if (value.Count > 0)
            writer.Req(name, value);
    }

    public static void Opt<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<T> value) where T : class, IModel<T>
    {
        if (value.Count > 0)
            writer.WriteMap(name, value, static (w, item) => item.WriteJson(w));
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<string> value)
    {
        if (value.Count > 0)
            writer.Req(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<bool> value)
    {
        if (value.Count > 0)
            writer.WriteList(name, value, static (w, item) => w.WriteBooleanValue(item));
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<int> value)
    {
        if (value.Count > 0)
            writer.Req(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<long> value)
    {
        if (value.Count > 0)
            writer.WriteList(name, value, static (w, item) => w.WriteNumberValue(item));
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<Quantity> value)
    {
        if (value.Count > 0)
            writer.WriteList(name, value, static (w, item) => w.WriteStringValue(item.ToString()));
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<RawJson> value)
    {
        if (value.Count > 0)
            writer.Req(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<string> value)
    {
        if (value.Count > 0)
            writer.WriteMap(name, value, static (w, item) => w.WriteStringValue(item));
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<Quantity> value)
    {
        if (value.Count > 0)
            writer.Req(name, value);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<ByteString> value)
    {
        if (value.Count > 0)
            writer.WriteMap(name, value, WriteBytes);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<ApiList<string>> value)
    {
        if (value.Count > 0)
            writer.WriteMap(name, value, WriteStrings);
    }

    public static void Opt(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<DateTimeOffset> value)
    {
        if (value.Count > 0)
            writer.WriteMap(name, value, static (w, item) => w.WriteTime(item.Ticks == 0 ? null : item));
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
            writer.WriteNull(name);
        else
            writer.WriteString(name, value);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool value) => writer.WriteBoolean(name, value);

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, int value) => writer.WriteNumber(name, value);

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } set)
            writer.WriteNumber(name, set);
        else
            writer.WriteNull(name);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, long value) => writer.WriteNumber(name, value);

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } set)
            writer.WriteNumber(name, set);
        else
            writer.WriteNull(name);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ByteString value)
    {
        writer.WritePropertyName(name);
        WriteBytes(writer, value);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, RawJson value)
    {
        writer.WritePropertyName(name);
        WriteRaw(writer, value);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, Quantity value) =>
        writer.WriteString(name, value.ToString());

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, Quantity? value)
    {
        if (value is { } set)
            writer.Req(name, set);
        else
            writer.WriteNull(name);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, IntOrString value)
    {
        if (value.IsString)
            writer.WriteString(name, value.StringValue);
        else
            writer.WriteNumber(name, value.IntValue);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, TimeSpan value) =>
        writer.WriteString(name, GoDuration.Format(value));

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        writer.WritePropertyName(name);
        writer.WriteTime(value);
    }

    public static void ReqMicro(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is { } time)
            writer.WriteString(name, GoTime.FormatMicroseconds(time));
        else
            writer.WriteNull(name);
    }

    public static void Req<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, T? value) where T : class, IModel<T>
    {
        writer.WritePropertyName(name);
        if (value is null)
            writer.WriteNullValue();
        else
            value.WriteJson(writer);
    }

    public static void Req<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<T> value) where T : class, IModel<T>
    {
        if (IsNull(value))
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartArray(name);
        foreach (var item in value)
            item.WriteJson(writer);
        writer.WriteEndArray();
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<string> value)
    {
        writer.WritePropertyName(name);
        WriteStrings(writer, value);
    }

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<int> value) =>
        writer.WriteList(name, value, static (w, item) => w.WriteNumberValue(item));

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<RawJson> value) =>
        writer.WriteList(name, value, WriteRaw);

    public static void Req(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<Quantity> value) =>
        writer.WriteMap(name, value, static (w, item) => w.WriteStringValue(item.ToString()));

    /// <summary>A value without a name before it.</summary>
    public static void WriteItem<T>(this Utf8JsonWriter writer, T value) where T : class, IModel<T> => value.WriteJson(writer);

    /// <summary>The items without a name before them.</summary>
    public static void WriteItems<T>(this Utf8JsonWriter writer, ApiList<T> value) where T : class, IModel<T>
    {
        writer.WriteStartArray();
        foreach (var item in value)
            item.WriteJson(writer);
        writer.WriteEndArray();
    }

    public static void WriteItems(this Utf8JsonWriter writer, ApiList<string> value) => WriteStrings(writer, value);

    /// <summary>Items that carry apiVersion and kind of their own.</summary>
    public static void OptWithKind<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<T> value)
        where T : class, IModel<T>, IKubernetesObject
    {
        if (value.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var item in value)
            writer.WriteDocument(item);
        writer.WriteEndArray();
    }

    /// <summary>An object with its kind and apiVersion in front.</summary>
    public static void WriteDocument<T>(this Utf8JsonWriter writer, T value) where T : class, IModel<T>, IKubernetesObject
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, value.GroupVersionKind.Kind);
        writer.WriteString("apiVersion"u8, value.GroupVersionKind.ApiVersion);
        value.WriteMembers(writer);
        writer.WriteEndObject();
    }

    private static void WriteTime(this Utf8JsonWriter writer, DateTimeOffset? value)
    {
        if (value is not { } time)
        {
            writer.WriteNullValue();
            return;
        }
        Span<char> text = stackalloc char[20];
        writer.WriteStringValue(
            time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)
                ? text[..length]
                : throw new InvalidOperationException("a time has 20 characters"));
    }

    private static void WriteBytes(Utf8JsonWriter writer, ByteString value)
    {
        if (value.IsAbsent)
            writer.WriteNullValue();
        else
            writer.WriteBase64StringValue(value.Span);
    }

    private static void WriteRaw(Utf8JsonWriter writer, RawJson value)
    {
        if (value.IsAbsent)
            writer.WriteNullValue();
        else
            writer.WriteRawValue(value.Utf8, skipInputValidation: true);
    }

    private static void WriteStrings(Utf8JsonWriter writer, ApiList<string> value)
    {
        if (IsNull(value))
        {
            writer.WriteNullValue();
            return;
        }
        writer.WriteStartArray();
        foreach (var item in value)
            writer.WriteStringValue(item);
        writer.WriteEndArray();
    }

    private static bool IsNull<T>(ApiList<T> value) => value.Count == 0 && (value.IsAbsent || _isStoredForm);

    private static void WriteList<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiList<T> value, ItemWriter<T> write)
    {
        if (IsNull(value))
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartArray(name);
        foreach (var item in value)
            write(writer, item);
        writer.WriteEndArray();
    }

    /// <summary>Writes a map by ascending keys, as Go does.</summary>
    private static void WriteMap<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ApiMap<T> value, ItemWriter<T> write)
    {
        if (value.IsAbsent)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartObject(name);
        foreach (var (key, item) in value)
        {
            writer.WritePropertyName(key);
            write(writer, item);
        }
        writer.WriteEndObject();
    }
}
