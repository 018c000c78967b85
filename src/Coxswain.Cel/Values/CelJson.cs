using System.Globalization;
using System.Text.Json;

namespace Coxswain.Cel;

/// <summary>JSON documents as values, and values as JSON.</summary>
/// <remarks>Objects and arrays are read when asked for. A document must live and stay unchanged as long as its values do.</remarks>
public static class CelJson
{
    /// <summary>A JSON value as the type tells: numbers of type double, texts that are times or bytes, and so on. What does not fit
    /// its type is an error value. Of type dyn, a number without fraction is an int.</summary>
    public static CelValue ToValue(JsonElement element, CelType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return element.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => CelValue.Null,
            JsonValueKind.True => CelValue.True,
            JsonValueKind.False => CelValue.False,
            JsonValueKind.Number => Number(element, type),
            JsonValueKind.String => Text(element.GetString()!, type),
            JsonValueKind.Array => CelValue.Of(new JsonList(element, type.Kind == CelTypeKind.List ? type : CelType.List(CelType.Dyn))),
            _ => CelValue.Of(new JsonMap(element, type)),
        };
    }

    private static CelValue Number(JsonElement element, CelType type)
    {
        if (type.Kind == CelTypeKind.Double)
            return CelValue.Of(element.GetDouble());
        if (element.TryGetInt64(out var whole))
            return type.Kind == CelTypeKind.Uint && whole >= 0 ? CelValue.Of((ulong)whole) : CelValue.Of(whole);
        return CelValue.Of(element.GetDouble());
    }

    private static CelValue Text(string text, CelType type)
    {
        switch (type.Kind)
        {
            case CelTypeKind.Timestamp:
                if (CelTimes.TryParseTimestamp(text, out var time))
                    return CelValue.Of(time);
                // The format "date" has no time of day.
                return DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time)
                    ? CelValue.Of(time)
                    : CelValue.Error($"failed to parse date-time: {text}");
            case CelTypeKind.Duration:
                return CelTimes.TryParseDuration(text, out var span) ? CelValue.Of(span) : CelValue.Error($"failed to parse duration: {text}");
            case CelTypeKind.Bytes:
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out var length)
                    ? CelValue.Of(bytes[..length])
                    : CelValue.Error($"failed to parse base64: {text}");
            default:
                return CelValue.Of(text);
        }
    }

    /// <summary>Writes a value as JSON.</summary>
    /// <returns>Why it is not to be written, or null.</returns>
    public static string? Write(Utf8JsonWriter writer, CelValue value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (value.Kind)
        {
            case CelKind.Null:
                writer.WriteNullValue();
                return null;
            case CelKind.Bool:
                writer.WriteBooleanValue(value.AsBool);
                return null;
            case CelKind.Int:
                writer.WriteNumberValue(value.AsInt);
                return null;
            case CelKind.Uint:
                writer.WriteNumberValue(value.AsUint);
                return null;
            case CelKind.Double:
                if (!double.IsFinite(value.AsDouble))
                    return $"{value} is no JSON number";
                writer.WriteNumberValue(value.AsDouble);
                return null;
            case CelKind.String or CelKind.Timestamp or CelKind.Duration:
                writer.WriteStringValue(value.ToString());
                return null;
            case CelKind.Bytes:
                writer.WriteBase64StringValue(value.AsBytes);
                return null;
            case CelKind.List:
                writer.WriteStartArray();
                foreach (var item in value.AsList)
                {
                    if (Write(writer, item) is { } error)
                        return error;
                }
                writer.WriteEndArray();
                return null;
            case CelKind.Map:
                writer.WriteStartObject();
                foreach (var (key, member) in value.AsMap)
                {
                    writer.WritePropertyName(key.ToString());
                    if (Write(writer, member) is { } error)
                        return error;
                }
                writer.WriteEndObject();
                return null;
            case CelKind.Optional:
                return value.TryGetOptional(out var inner) ? Write(writer, inner) : "an empty optional has no JSON form";
            case CelKind.Error:
                return value.AsError;
            default:
                return $"a {value.Type} has no JSON form";
        }
    }

    private sealed class JsonList(JsonElement array, CelType type) : CelList
    {
        private readonly CelValue?[] items = new CelValue?[array.GetArrayLength()];

        public override int Count => items.Length;

        public override CelListKind ListKind => type.ListKind;

        public override IReadOnlyList<string> Keys => type.ListKeys;

        // Reading an element twice at the same time gives the same value twice.
        public override CelValue this[int index] => items[index] ??= ToValue(array[index], type.Parameters[0]);
    }

    private sealed class JsonMap(JsonElement element, CelType type) : CelMap
    {
        private int count = -1;

        public override int Count => count >= 0 ? count : count = Keys.Count();

        public override CelType? ObjectType => type.Kind == CelTypeKind.Object ? type : null;

        public override IEnumerable<CelValue> Keys =>
            element.EnumerateObject().Select(member => member.Name).Distinct().Select(name => CelValue.Of(CelNames.Escape(name, type)));

        public override bool TryGet(CelValue key, out CelValue value)
        {
            value = default;
            if (key.Kind != CelKind.String || !element.TryGetProperty(CelNames.Unescape(key.AsString, type), out var member))
                return false;
            // A field of an object that is null is one that is not set; in a map, null is a value.
            if (member.ValueKind == JsonValueKind.Null && type.Kind == CelTypeKind.Object)
                return false;
            var memberType = type.Kind switch
            {
                CelTypeKind.Object => type.Field(key.AsString),
                CelTypeKind.Map => type.Parameters[1],
                _ => CelType.Dyn,
            };
            if (memberType is null)
                return false;
            value = ToValue(member, memberType);
            return true;
        }
    }
}
