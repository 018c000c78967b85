using System.Globalization;
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
        IEnumerable<string> texts => "[" + string.Join(',', texts.Select(GoText.Quote)) + "]",
        _ => value.ToString() ?? "null",
    };
}
