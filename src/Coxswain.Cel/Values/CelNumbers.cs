using System.Globalization;
using System.Numerics;

namespace Coxswain.Cel;

/// <summary>Order and text of numbers, across their types.</summary>
internal static class CelNumbers
{
    /// <summary>False: there is no order, since one of them is not a number (NaN).</summary>
    public static bool TryCompare(CelValue a, CelValue b, out int order)
    {
        if (a.Kind == b.Kind)
        {
            switch (a.Kind)
            {
                case CelKind.Int:
                    order = a.AsInt.CompareTo(b.AsInt);
                    return true;
                case CelKind.Uint:
                    order = a.AsUint.CompareTo(b.AsUint);
                    return true;
                default:
                    order = a.AsDouble.CompareTo(b.AsDouble);
                    return !double.IsNaN(a.AsDouble) && !double.IsNaN(b.AsDouble);
            }
        }
        if (a.Kind == CelKind.Double)
            return TryCompare(a.AsDouble, b, out order);
        if (b.Kind == CelKind.Double)
        {
            var known = TryCompare(b.AsDouble, a, out order);
            order = -order;
            return known;
        }
        // One int, one uint.
        order = ((Int128)Whole(a)).CompareTo(Whole(b));
        return true;
    }

    private static Int128 Whole(CelValue value) => value.Kind == CelKind.Int ? value.AsInt : value.AsUint;

    private static bool TryCompare(double real, CelValue whole, out int order)
    {
        order = 0;
        if (double.IsNaN(real))
            return false;
        if (double.IsInfinity(real))
            order = real > 0 ? 1 : -1;
        else
        {
            var floor = Math.Floor(real);
            order = new BigInteger(floor).CompareTo((BigInteger)Whole(whole));
            if (order == 0 && real > floor)
                order = 1;
        }
        return true;
    }

    /// <summary>The shortest text that reads back the same, with an exponent from a million on and below a ten-thousandth.</summary>
    public static string Text(double value)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "+Inf" : "-Inf";
        var scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = value == 0 ? 0 : int.Parse(scientific.AsSpan(scientific.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = Digits(shortest, out var negative);
        if (exponent is >= -4 and < 6)
            return Plain(digits, exponent, negative);
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return $"{(negative ? "-" : "")}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string Digits(string text, out bool negative)
    {
        negative = text[0] == '-';
        var end = text.IndexOf('E');
        var mantissa = (end < 0 ? text : text[..end]).Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        var trimmed = mantissa.TrimStart('0').TrimEnd('0');
        return trimmed.Length == 0 ? "0" : trimmed;
    }

    private static string Plain(string digits, int exponent, bool negative)
    {
        var sign = negative ? "-" : "";
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1)
            return sign + digits.PadRight(exponent + 1, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }
}
