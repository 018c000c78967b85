using System.Globalization;

namespace Coxswain.Api.CustomResources;

/// <summary>Floating-point numbers as Go's JSON writer prints them.</summary>
public static class GoNumber
{
    /// <summary>The shortest text that reads back as the same number: plain between 1e-6 and 1e21, else with an exponent.</summary>
    public static string Format(double number)
    {
        if (number == 0)
            return double.IsNegative(number) ? "-0" : "0";
        var size = Math.Abs(number);
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        if (size is >= 1e-6 and < 1e21)
            return shortest.Contains('E', StringComparison.Ordinal) ? ((decimal)number).ToString(CultureInfo.InvariantCulture) : shortest;

        // One digit before the point, and an exponent with a sign.
        var text = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 17; digits++)
        {
            var candidate = number.ToString("E" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) != number)
                continue;
            text = candidate;
            break;
        }

        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{text[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent)}");
    }
}
