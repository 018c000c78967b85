using System.Globalization;

namespace Coxswain.ApiServer.Tables;

/// <summary>Spans of time as tables show them: two units while they are short, one when they are long.</summary>
internal static class HumanDuration
{
    private const long Minute = 60;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;
    private const long Year = 365 * Day;

    public static string Format(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        return seconds switch
        {
            // Clocks of machines may differ by a little.
            < -1 => "<invalid>",
            < 0 => "0s",
            < 2 * Minute => Text(seconds, "s"),
            < 10 * Minute => Text(seconds / Minute, "m", seconds % Minute, "s"),
            < 3 * Hour => Text(seconds / Minute, "m"),
            < 8 * Hour => Text(seconds / Hour, "h", seconds % Hour / Minute, "m"),
            < 2 * Day => Text(seconds / Hour, "h"),
            < 8 * Day => Text(seconds / Day, "d", seconds % Day / Hour, "h"),
            < 2 * Year => Text(seconds / Day, "d"),
            < 8 * Year => Text(seconds / Year, "y", seconds % Year / Day, "d"),
            _ => Text(seconds / Year, "y"),
        };
    }

    /// <summary>How long ago a time was.</summary>
    public static string Since(DateTimeOffset? time, DateTimeOffset now) => time is { } there ? Format(now - there) : "<unknown>";

    private static string Text(long value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");

    private static string Text(long value, string unit, long rest, string restUnit) =>
        rest == 0 ? Text(value, unit) : string.Create(CultureInfo.InvariantCulture, $"{value}{unit}{rest}{restUnit}");
}
