using System.Globalization;
using System.Text.RegularExpressions;

namespace Coxswain.Api;

/// <summary>Texts that a YAML 1.1 reader takes for a point in time or a duration: they need quotes to stay texts.</summary>
internal static partial class YamlTimestamp
{
    public static bool IsOne(string text)
    {
        if (text.Length < 8 || !char.IsAsciiDigit(text[0]) || text[4] != '-' || Form().Match(text) is not { Success: true } match)
            return false;
        return IsUpTo(match, "month", 1, 12) && IsUpTo(match, "day", 1, DaysOf(match)) && IsUpTo(match, "hour", 0, 23)
            && IsUpTo(match, "minute", 0, 59) && IsUpTo(match, "second", 0, 59) && IsUpTo(match, "zoneHour", 0, 24) && IsUpTo(match, "zoneMinute", 0, 59);
    }

    /// <summary>Whether an old reader would take the text for a number to base 60, such as 12:30.</summary>
    public static bool IsSexagesimal(string text) =>
        text.Contains(':', StringComparison.Ordinal) && (char.IsAsciiDigit(text[0]) || text[0] is '+' or '-') && Sexagesimal().IsMatch(text);

    private static int DaysOf(Match match) => DateTime.DaysInMonth(Math.Clamp(Number(match, "year"), 1, 9999), Math.Clamp(Number(match, "month"), 1, 12));

    private static bool IsUpTo(Match match, string part, int least, int most) =>
        !match.Groups[part].Success || (Number(match, part) >= least && Number(match, part) <= most);

    private static int Number(Match match, string part) => int.Parse(match.Groups[part].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Sexagesimal();

    [GeneratedRegex("""
        ^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})
        (?:(?:[Tt](?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2}):(?<second>[0-9]{1,2})(?:\.[0-9]+)?(?:Z|[+-](?<zoneHour>[0-9]{2}):(?<zoneMinute>[0-9]{2})))
        |(?:[ ](?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2}):(?<second>[0-9]{1,2})(?:\.[0-9]+)?))?$
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
