using System.Globalization;

namespace Coxswain.Api;

/// <summary>Times as upstream reads and writes them: RFC 3339, with Go's words for what is wrong.</summary>
public static class GoTime
{
    private const string SecondsLayout = "2006-01-02T15:04:05Z07:00";
    private const string MicrosecondsLayout = "2006-01-02T15:04:05.000000Z07:00";

    /// <summary>A <c>Time</c>: a fraction of a second is read and dropped; the zero time is null.</summary>
    public static DateTimeOffset? ParseSeconds(string text)
    {
        var time = Parse(text, SecondsLayout, fraction: false);
        return Whole(new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero));
    }

    /// <summary>A <c>MicroTime</c>: exactly six decimals.</summary>
    public static DateTimeOffset? ParseMicroseconds(string text) => Whole(Parse(text, MicrosecondsLayout, fraction: true));

    public static string FormatSeconds(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string FormatMicroseconds(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    // Go's zero time is the beginning of year 1, and means that there is none.
    private static DateTimeOffset? Whole(DateTimeOffset time) => time.Ticks == 0 ? null : time;

    private static DateTimeOffset Parse(string text, string layout, bool fraction)
    {
        var at = 0;
        var year = Number("2006", 4);
        Literal('-');
        var month = Number("01", 2);
        if (month is < 1 or > 12)
            throw OutOfRange("month");
        Literal('-');
        var day = Number("02", 2);
        Literal('T');
        var hour = Number("15", 2);
        if (hour > 23)
            throw OutOfRange("hour");
        Literal(':');
        var minute = Number("04", 2);
        if (minute > 59)
            throw OutOfRange("minute");
        Literal(':');
        var second = Number("05", 2);
        if (second > 59)
            throw OutOfRange("second");
        var ticks = Fraction();
        var offset = Zone();
        if (at < text.Length)
            throw Wrong($": extra text: {Quote(text[at..])}");
        if (year < 1 || day < 1 || day > DateTime.DaysInMonth(year, month))
            throw OutOfRange(year < 1 ? "year" : "day");
        var local = new DateTime(year, month, day, hour, minute, second).Ticks + ticks - offset.Ticks;
        if (local < 0 || local > DateTime.MaxValue.Ticks)
            throw OutOfRange("year");
        return new(local, TimeSpan.Zero);

        int Number(string element, int digits)
        {
            var value = 0;
            for (var i = 0; i < digits; i++)
            {
                if (at + i >= text.Length || !char.IsAsciiDigit(text[at + i]))
                    throw CannotParse(element);
                value = (value * 10) + (text[at + i] - '0');
            }
            at += digits;
            return value;
        }

        void Literal(char expected)
        {
            if (at >= text.Length || text[at] != expected)
                throw CannotParse(expected.ToString());
            at++;
        }

        long Fraction()
        {
            if (at >= text.Length || text[at] != '.' || at + 1 >= text.Length || !char.IsAsciiDigit(text[at + 1]))
                return fraction ? throw CannotParse(".000000") : 0;
            long value = 0;
            var scale = TimeSpan.TicksPerSecond;
            var digits = 0;
            for (at++; at < text.Length && char.IsAsciiDigit(text[at]); at++, digits++)
            {
                scale /= 10;
                value += (text[at] - '0') * scale;
            }
            if (fraction && digits != 6)
            {
                at -= digits + 1;
                throw CannotParse(".000000");
            }
            return value;
        }

        TimeSpan Zone()
        {
            if (at < text.Length && text[at] == 'Z')
            {
                at++;
                return TimeSpan.Zero;
            }
            if (at + 6 > text.Length || text[at] is not ('+' or '-') || text[at + 3] != ':' || !char.IsAsciiDigit(text[at + 1])
                || !char.IsAsciiDigit(text[at + 2]) || !char.IsAsciiDigit(text[at + 4]) || !char.IsAsciiDigit(text[at + 5]))
                throw CannotParse("Z07:00");
            var hours = ((text[at + 1] - '0') * 10) + text[at + 2] - '0';
            var minutes = ((text[at + 4] - '0') * 10) + text[at + 5] - '0';
            if (hours > 24)
                throw OutOfRange("time zone offset hour");
            if (minutes > 60)
                throw OutOfRange("time zone offset minute");
            var offset = new TimeSpan(hours, minutes, 0);
            var negative = text[at] == '-';
            at += 6;
            return negative ? -offset : offset;
        }

        DecodeException CannotParse(string element) => new(
            $"parsing time {Quote(text)} as {Quote(layout)}: cannot parse {Quote(text[at..])} as {Quote(element)}");

        DecodeException OutOfRange(string what) => Wrong($": {what} out of range");

        DecodeException Wrong(string message) => new($"parsing time {Quote(text)}{message}");
    }

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
