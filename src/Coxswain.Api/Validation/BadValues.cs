using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coxswain.Api.Validation;

/// <summary>Renders the value that a field error complains of: texts quoted, numbers and truth values plain, the rest as JSON.</summary>
public static class BadValues
{
    /// <summary>Stands for a value that is not to be shown.</summary>
    public static readonly object Omitted = new();

    internal static string Render(object? value) => value switch
    {
        null => "null",
        string text => GoText.Quote(text),
        bool flag => flag ? "true" : "false",
        int or long or short or byte or uint or ulong => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        Quantity quantity => GoText.Quote(quantity.ToString()),
        IntOrString either => either.IsString ? GoText.Quote(either.StringValue) : either.ToString(),
        DateTimeOffset time => GoText.Quote(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        JsonNode node => node.ToJsonString(),
        RawJson raw => raw.IsAbsent ? "null" : raw.ToString(),
        _ => Composite(value),
    };

    private static string Composite(object value)
    {
        using var buffer = JsonBuffer.Rent();
        if (!TryWrite(buffer.Writer, value))
            return value.ToString() ?? "null";
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static bool TryWrite(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case IJsonModel model:
                model.WriteJson(writer);
                return true;
            case ByteString bytes:
                writer.WriteBase64StringValue(bytes.Span);
                return true;
            case IEnumerable<KeyValuePair<string, string>> texts:
                WriteMap(writer, texts, static (w, text) => w.WriteStringValue(text));
                return true;
            case IEnumerable<KeyValuePair<string, Quantity>> amounts:
                WriteMap(writer, amounts, static (w, amount) => w.WriteStringValue(amount.ToString()));
                return true;
            case IEnumerable<string> texts:
                WriteList(writer, texts, static (w, text) => w.WriteStringValue(text));
                return true;
            case IEnumerable<int> numbers:
                WriteList(writer, numbers, static (w, number) => w.WriteNumberValue(number));
                return true;
            case IEnumerable<IJsonModel> models:
                WriteList(writer, models, static (w, model) => model.WriteJson(w));
                return true;
            default:
                return false;
        }
    }

    private static void WriteMap<T>(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, T>> entries, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(name);
            write(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteList<T>(Utf8JsonWriter writer, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray();
        foreach (var item in items)
            write(writer, item);
        writer.WriteEndArray();
    }
}
