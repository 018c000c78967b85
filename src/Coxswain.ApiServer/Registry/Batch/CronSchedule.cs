using System.Buffers;
using System.Globalization;

namespace Coxswain.ApiServer.Registry.Batch;

/// <summary>Tells what is wrong with a cron expression of five fields, or with a descriptor such as @daily.</summary>
internal static class CronSchedule
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Name, int Min, int Max, string[] Names)[] Fields =
    [
        ("minute", 0, 59, []),
        ("hour", 0, 23, []),
        ("day of month", 1, 31, []),
        ("month", 1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        ("day of week", 0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];

    /// <summary>The problem in words, or null.</summary>
    public static string? Problem(string schedule)
    {
        if (schedule.StartsWith("TZ=", StringComparison.Ordinal) || schedule.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var space = schedule.IndexOf(' ', StringComparison.Ordinal);
            schedule = space < 0 ? "" : schedule[space..].Trim();
        }

        if (schedule.StartsWith('@'))
            return Descriptor(schedule);
        var parts = schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length != Fields.Length)
            return $"expected exactly 5 fields, found {parts.Length}: [{string.Join(' ', parts)}]";
        for (var i = 0; i < parts.Length; i++)
            foreach (var item in parts[i].Split(','))
                if (Range(item, i) is { } problem)
                    return problem;
        return null;
    }

    private static string? Descriptor(string text)
    {
        if (text is "@yearly" or "@annually" or "@monthly" or "@weekly" or "@daily" or "@midnight" or "@hourly")
            return null;
        if (!text.StartsWith("@every ", StringComparison.Ordinal))
            return $"unrecognized descriptor: {text}";
        return IsDuration(text["@every ".Length..]) ? null : $"failed to parse duration {text}: time: invalid duration \"{text["@every ".Length..]}\"";
    }

    private static string? Range(string text, int field)
    {
        var (_, min, max, _) = Fields[field];
        var parts = text.Split('/');
        var bounds = parts[0].Split('-');
        int start, end;
        if (bounds[0] is "*" or "?")
        {
            (start, end) = (min, max);
        }
        else
        {
            if (!TryNumber(bounds[0], field, out start))
                return $"failed to parse int from {bounds[0]}: strconv.Atoi: parsing \"{bounds[0]}\": invalid syntax";
            end = start;
            if (bounds.Length == 2 && !TryNumber(bounds[1], field, out end))
                return $"failed to parse int from {bounds[1]}: strconv.Atoi: parsing \"{bounds[1]}\": invalid syntax";
            if (bounds.Length > 2)
                return $"too many hyphens: {text}";
        }

        var step = 1;
        if (parts.Length == 2)
        {
            if (!int.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out step))
                return $"failed to parse int from {parts[1]}: strconv.Atoi: parsing \"{parts[1]}\": invalid syntax";
            if (step < 0)
                return $"negative number ({step}) not allowed: {parts[1]}";
            if (bounds.Length == 1 && bounds[0] is not ("*" or "?"))
                end = max;
        }
        else if (parts.Length > 2)
        {
            return $"too many slashes: {text}";
        }

        if (start < min)
            return $"beginning of range ({start}) below minimum ({min}): {text}";
        if (end > max)
            return $"end of range ({end}) above maximum ({max}): {text}";
        if (start > end)
            return $"beginning of range ({start}) beyond end of range ({end}): {text}";
        return step == 0 ? $"step of range should be a positive number: {text}" : null;
    }

    private static bool TryNumber(string text, int field, out int number)
    {
        var names = Fields[field].Names;
        for (number = 0; number < names.Length; number++)
            if (string.Equals(names[number], text, StringComparison.OrdinalIgnoreCase))
            {
                number += Fields[field].Min;
                return true;
            }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    // 1h30m, 90s, 100ms
    private static bool IsDuration(string text)
    {
        var rest = text.AsSpan();
        if (rest.IsEmpty)
            return false;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0)
                return false;
            rest = rest[digits..];
            var unit = rest.IndexOfAny(Digits);
            var name = unit < 0 ? rest : rest[..unit];
            if (name is not ("ns" or "us" or "µs" or "ms" or "s" or "m" or "h"))
                return false;
            rest = unit < 0 ? default : rest[unit..];
        }

        return true;
    }
}
