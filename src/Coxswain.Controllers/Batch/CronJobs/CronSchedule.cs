using System.Globalization;

namespace Coxswain.Controllers;

/// <summary>A schedule in cron's five fields (minute, hour, day of month, month, day of week) or one of its short names. Immutable.</summary>
internal sealed class CronSchedule
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>A date that no year of the next few has (30 February) never comes.</summary>
    private const int YearsAhead = 8;

    private readonly ulong _minutes, _hours, _days, _months, _weekdays;
    private readonly bool _anyDay, _anyWeekday;

    private CronSchedule(string[] fields)
    {
        (_minutes, _) = Field(fields[0], 0, 59, []);
        (_hours, _) = Field(fields[1], 0, 23, []);
        (_days, _anyDay) = Field(fields[2], 1, 31, []);
        (_months, _) = Field(fields[3], 1, 12, Months);
        (_weekdays, _anyWeekday) = Field(fields[4], 0, 7, Days);
        // Sunday has two numbers.
        if ((_weekdays & 1UL << 7) != 0)
            _weekdays |= 1;
    }

    /// <exception cref="FormatException">It is no schedule; the message says why.</exception>
    public static CronSchedule Parse(string text)
    {
        var fields = (text.Trim() switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            var other => other,
        }).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5
            ? new(fields)
            : throw new FormatException($"expected exactly 5 fields, found {fields.Length}: {text}");
    }

    /// <summary>The first time after another at which the schedule falls in a zone; null: never. Times that a change of the clock leaves out are
    /// left out.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        var t = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0).AddMinutes(1);
        var end = t.AddYears(YearsAhead);
        while (t < end)
        {
            if (!Has(_months, t.Month))
                t = new DateTime(t.Year, t.Month, 1).AddMonths(1);
            else if (!FitsDay(t))
                t = t.Date.AddDays(1);
            else if (!Has(_hours, t.Hour))
                t = t.Date.AddHours(t.Hour + 1);
            else if (!Has(_minutes, t.Minute))
                t = t.AddMinutes(1);
            else if (!zone.IsInvalidTime(t) && Utc(t, zone) is var found && found > after)
                return found;
            else
                t = t.AddMinutes(1);
        }
        return null;
    }

    // Where the clock is set back a time comes twice; the first counts.
    private static DateTimeOffset Utc(DateTime local, TimeZoneInfo zone) =>
        new DateTimeOffset(local, zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local)).ToUniversalTime();

    // Of two restricted kinds of day either will do; an unrestricted one leaves the decision to the other.
    private bool FitsDay(DateTime t)
    {
        var (day, weekday) = (Has(_days, t.Day), Has(_weekdays, (int)t.DayOfWeek));
        return _anyDay || _anyWeekday ? day && weekday : day || weekday;
    }

    private static bool Has(ulong set, int value) => (set & 1UL << value) != 0;

    private static (ulong Set, bool Any) Field(string text, int least, int most, string[] names)
    {
        var set = 0UL;
        var any = false;
        foreach (var part in text.Split(','))
        {
            var slash = part.Split('/');
            if (slash.Length > 2 || part.Length == 0)
                throw new FormatException($"not a list of values, ranges and steps: {text}");
            var step = slash.Length == 2 ? Number(slash[1], [], least) : 1;
            if (step == 0)
                throw new FormatException($"step of range should be a positive number: {part}");
            var (first, last) = (least, most == 7 ? 6 : most);
            if (slash[0] is "*" or "?")
            {
                any |= step == 1;
            }
            else
            {
                var dash = slash[0].Split('-');
                first = Number(dash[0], names, least);
                last = dash.Length == 2 ? Number(dash[1], names, least) : slash.Length == 2 ? last : first;
                if (dash.Length > 2 || first < least || last > most || first > last)
                    throw new FormatException($"value out of range ({least} - {most}): {part}");
            }
            for (var i = first; i <= last; i += step)
                set |= 1UL << i;
        }
        return (set, any);
    }

    private static int Number(string text, string[] names, int least)
    {
        var name = Array.FindIndex(names, n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (name >= 0)
            return name + least;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"failed to parse int from {text}");
    }
}
