using System.Globalization;
using System.Numerics;

namespace Coxswain.Cel;

/// <summary>Texts of timestamps (RFC 3339) and durations (Go's form), and their bounds.</summary>
internal static class CelTimes
{
    private static readonly (string Unit, long Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    public static bool TryParseTimestamp(string text, out DateTimeOffset value)
    {
        value = default;
        // RFC 3339 is stricter than what the library reads: the letters, and a zone.
        if (text.Length < 20 || text[4] != '-' || text[10] is not ('T' or 't') || !HasZone(text))
            return false;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out value);
    }

    private static bool HasZone(string text) =>
        text[^1] is 'Z' or 'z' || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');

    public static string Text(DateTimeOffset value)
    {
        var utc = value.UtcDateTime;
        var fraction = (utc.Ticks % TimeSpan.TicksPerSecond).ToString("0000000", CultureInfo.InvariantCulture).TrimEnd('0');
        return utc.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + (fraction.Length > 0 ? "." + fraction : "") + "Z";
    }

    public static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        var negative = text.StartsWith("-");
        if (negative || text.StartsWith("+"))
            text = text[1..];
        if (text is "0")
            return true;
        if (text.IsEmpty)
            return false;
        BigInteger nanoseconds = 0;
        while (!text.IsEmpty)
        {
            var end = 0;
            while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
                end++;
            if (end == 0 || !decimal.TryParse(text[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return false;
            text = text[end..];
            if (!TryTakeUnit(ref text, out var unit))
                return false;
            nanoseconds += (BigInteger)(number * unit);
        }
        if (nanoseconds > long.MaxValue)
            return false;
        value = new TimeSpan((long)(nanoseconds / 100) * (negative ? -1 : 1));
        return true;
    }

    private static bool TryTakeUnit(ref ReadOnlySpan<char> text, out long nanoseconds)
    {
        nanoseconds = 0;
        var length = 0;
        foreach (var (unit, value) in Units)
        {
            if (unit.Length > length && text.StartsWith(unit))
                (length, nanoseconds) = (unit.Length, value);
        }
        text = text[length..];
        return length > 0;
    }

    /// <summary>As CEL's <c>string(duration)</c>: seconds with their fraction.</summary>
    public static string Text(TimeSpan value)
    {
        var ticks = Math.Abs((decimal)value.Ticks);
        var fraction = (ticks % TimeSpan.TicksPerSecond).ToString("0000000", CultureInfo.InvariantCulture).TrimEnd('0');
        var seconds = Math.Floor(ticks / TimeSpan.TicksPerSecond).ToString("0", CultureInfo.InvariantCulture);
        return $"{(value < TimeSpan.Zero ? "-" : "")}{seconds}{(fraction.Length > 0 ? "." + fraction : "")}s";
    }
}
