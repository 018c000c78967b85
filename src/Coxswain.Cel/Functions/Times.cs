using System.Globalization;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>The parts of timestamps and durations.</summary>
internal static class Times
{
    public static IEnumerable<CelOverload> Overloads =>
    [
        .. Part("getFullYear", time => time.Year),
        .. Part("getMonth", time => time.Month - 1),
        .. Part("getDayOfYear", time => time.DayOfYear - 1),
        .. Part("getDayOfMonth", time => time.Day - 1),
        .. Part("getDate", time => time.Day),
        .. Part("getDayOfWeek", time => (int)time.DayOfWeek),
        .. Part("getHours", time => time.Hour),
        .. Part("getMinutes", time => time.Minute),
        .. Part("getSeconds", time => time.Second),
        .. Part("getMilliseconds", time => time.Millisecond),
        Span("getHours", span => span.Ticks / TimeSpan.TicksPerHour),
        Span("getMinutes", span => span.Ticks / TimeSpan.TicksPerMinute),
        Span("getSeconds", span => span.Ticks / TimeSpan.TicksPerSecond),
        Span("getMilliseconds", span => span.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMillisecond),
    ];

    private static IEnumerable<CelOverload> Part(string name, Func<DateTimeOffset, int> part)
    {
        yield return Member(name, CelType.Int, (_, a) => CelValue.Of((long)part(a[0].AsTimestamp)), CelType.Timestamp);
        yield return Member(name, CelType.Int, (_, a) => InZone(a[0].AsTimestamp, a[1].AsString, out var local)
            ? CelValue.Of((long)part(local))
            : CelValue.Error($"unknown time zone {a[1].AsString}"), CelType.Timestamp, CelType.String);
    }

    private static CelOverload Span(string name, Func<TimeSpan, long> part) =>
        Member(name, CelType.Int, (_, a) => CelValue.Of(part(a[0].AsDuration)), CelType.Duration);

    /// <summary>A zone is an IANA name or an offset such as <c>-08:00</c>.</summary>
    private static bool InZone(DateTimeOffset time, string zone, out DateTimeOffset local)
    {
        local = time;
        if (zone is "" or "UTC")
            return true;
        var digits = zone.TrimStart('+', '-');
        if (zone.Contains(':', StringComparison.Ordinal))
        {
            if (!TimeSpan.TryParseExact(digits, @"hh\:mm", CultureInfo.InvariantCulture, out var offset) || offset > TimeSpan.FromHours(14))
                return false;
            local = time.ToOffset(zone[0] == '-' ? -offset : offset);
            return true;
        }
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var known))
            return false;
        local = TimeZoneInfo.ConvertTime(time, known);
        return true;
    }
}
