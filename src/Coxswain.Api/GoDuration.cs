using System.Globalization;
using System.Text;

namespace Coxswain.Api;

/// <summary>Durations as Go writes them: <c>1h2m3.5s</c>, <c>300ms</c>.</summary>
public static class GoDuration
{
    private static readonly (string Unit, decimal Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    /// <summary>Reads a duration, to 100 nanoseconds.</summary>
    /// <exception cref="DecodeException">It is none; the message is Go's.</exception>
    public static TimeSpan Parse(string text)
    {
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+"))
            rest = rest[1..];
        if (rest is "0")
            return TimeSpan.Zero;
        if (rest.Length == 0)
            throw Invalid("invalid duration");

        decimal nanoseconds = 0;
        while (rest.Length > 0)
        {
            var digits = Count(rest, static c => char.IsAsciiDigit(c) || c == '.');
            if (digits == 0 || digits > 20 || rest[..digits] is "."
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                throw Invalid("invalid duration");
            rest = rest[digits..];
            var letters = Count(rest, static c => c != '.' && !char.IsAsciiDigit(c));
            if (letters == 0)
                throw Invalid("missing unit in duration");
            var scale = Scale(rest[..letters].ToString());
            if (number > long.MaxValue / scale)
                throw Invalid("invalid duration");
            nanoseconds += number * scale;
            if (nanoseconds > long.MaxValue)
                throw Invalid("invalid duration");
            rest = rest[letters..];
        }
        return new((long)(nanoseconds / 100) * (negative ? -1 : 1));

        decimal Scale(string unit)
        {
            foreach (var (name, scale) in Units)
            {
                if (name == unit)
                    return scale;
            }
            throw new DecodeException($"time: unknown unit \"{unit}\" in duration \"{text}\"");
        }

        DecodeException Invalid(string what) => new($"time: {what} \"{text}\"");
    }

    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";
        var result = new StringBuilder();
        var ticks = (decimal)duration.Ticks;
        if (ticks < 0)
        {
            result.Append('-');
            ticks = -ticks;
        }
        if (ticks < 10)
            return result.Append(Number(ticks * 100)).Append("ns").ToString();
        if (ticks < TimeSpan.TicksPerMillisecond)
            return result.Append(Number(ticks / 10)).Append("µs").ToString();
        if (ticks < TimeSpan.TicksPerSecond)
            return result.Append(Number(ticks / TimeSpan.TicksPerMillisecond)).Append("ms").ToString();
        var hours = (long)(ticks / TimeSpan.TicksPerHour);
        var minutes = (long)(ticks / TimeSpan.TicksPerMinute) % 60;
        if (hours > 0)
            result.Append(hours).Append('h');
        if (hours > 0 || minutes > 0)
            result.Append(minutes).Append('m');
        return result.Append(Number(ticks % TimeSpan.TicksPerMinute / TimeSpan.TicksPerSecond)).Append('s').ToString();

        static string Number(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
    }

    private static int Count(ReadOnlySpan<char> text, Func<char, bool> matches)
    {
        var count = 0;
        while (count < text.Length && matches(text[count]))
            count++;
        return count;
    }
}
