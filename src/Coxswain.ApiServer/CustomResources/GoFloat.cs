using System.Globalization;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>Numbers as Go's <c>%v</c> prints them in messages.</summary>
internal static class GoFloat
{
    /// <summary>The shortest text, with an exponent below 1e-4 and from 1e6 on; whole numbers without a point.</summary>
    public static string Format(double number)
    {
        var size = Math.Abs(number);
        if (number == 0 || size is >= 1e-4 and < 1e6)
            return number == Math.Truncate(number) && size < 1e15 ? ((long)number).ToString(CultureInfo.InvariantCulture) : Plain(number);
        var text = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 17; digits++)
        {
            var candidate = number.ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) == number)
            {
                text = candidate;
                break;
            }
        }

        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{text[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static string Plain(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal) ? ((decimal)number).ToString(CultureInfo.InvariantCulture) : text;
    }
}
