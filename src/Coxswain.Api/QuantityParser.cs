using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Coxswain.Api;

/// <summary>Reads a quantity's text. Takes what upstream takes, also <c>.5</c>, <c>1.</c> and a lone sign (zero).</summary>
internal static class QuantityParser
{
    private const string WrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    private const string WrongSuffix = "unable to parse quantity's suffix";

    // More digits than these cannot change the value but by rounding, so that a text of megabytes costs no more than reading it.
    private const int WholeDigitsKept = 60;
    private const int FractionDigitsKept = 60;

    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity, [NotNullWhen(false)] out string? error)
    {
        quantity = default;
        error = null;
        if (text.IsEmpty)
        {
            error = WrongFormat;
            return false;
        }

        var rest = text;
        var negative = rest[0] == '-';
        if (rest[0] is '-' or '+')
            rest = rest[1..];

        var whole = TakeDigits(rest, out rest);
        var fraction = ReadOnlySpan<char>.Empty;
        if (!rest.IsEmpty && rest[0] == '.')
        {
            rest = rest[1..];
            fraction = TakeDigits(rest, out rest);
        }

        if (!HasSuffixForm(rest))
        {
            error = WrongFormat;
            return false;
        }

        if (!TryReadSuffix(rest, out var powerOfTen, out var powerOfTwo, out var format))
        {
            error = WrongSuffix;
            return false;
        }

        whole = whole.TrimStart('0');
        var magnitude = Magnitude(whole, fraction, powerOfTen, powerOfTwo, ref format);
        quantity = new(negative ? -magnitude : magnitude, format);
        return true;
    }

    private static ReadOnlySpan<char> TakeDigits(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        var digits = end < 0 ? text : text[..end];
        rest = text[digits.Length..];
        return digits;
    }

    private static bool HasSuffixForm(ReadOnlySpan<char> suffix)
    {
        suffix = suffix.TrimStart("eEinumkKMGTP");
        if (!suffix.IsEmpty && suffix[0] is '-' or '+')
            suffix = suffix[1..];
        return suffix.IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static bool TryReadSuffix(ReadOnlySpan<char> suffix, out int powerOfTen, out int powerOfTwo, out QuantityFormat format)
    {
        powerOfTen = powerOfTwo = 0;
        format = QuantityFormat.DecimalSI;
        switch (suffix)
        {
            case "": return true;
            case "n": powerOfTen = -9; return true;
            case "u": powerOfTen = -6; return true;
            case "m": powerOfTen = -3; return true;
            case "k": powerOfTen = 3; return true;
            case "M": powerOfTen = 6; return true;
            case "G": powerOfTen = 9; return true;
            case "T": powerOfTen = 12; return true;
            case "P": powerOfTen = 15; return true;
            case "E": powerOfTen = 18; return true;
        }

        format = QuantityFormat.BinarySI;
        switch (suffix)
        {
            case "Ki": powerOfTwo = 10; return true;
            case "Mi": powerOfTwo = 20; return true;
            case "Gi": powerOfTwo = 30; return true;
            case "Ti": powerOfTwo = 40; return true;
            case "Pi": powerOfTwo = 50; return true;
            case "Ei": powerOfTwo = 60; return true;
        }

        format = QuantityFormat.DecimalExponent;
        return suffix.Length > 1 && suffix[0] is 'e' or 'E'
            && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out powerOfTen);
    }

    private static Int128 Magnitude(
        ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, int powerOfTen, int powerOfTwo, ref QuantityFormat format)
    {
        // 1. The common case: what fits in a long, without anything finer than a nano, and stays far from every bound.
        var shift = 9 + powerOfTen - (long)fraction.Length;
        if (whole.Length + fraction.Length <= 18 && shift >= 0 && whole.Length + fraction.Length + shift <= 37)
        {
            var value = (Digits(whole) * PowerOfTen(fraction.Length)) + Digits(fraction);
            if (powerOfTwo == 0)
                return value * PowerOfTen((int)shift);
            if (fraction.IsEmpty && value < (Int128)1 << (62 - powerOfTwo))
                return (value << powerOfTwo) * Quantity.NanosPerUnit;
        }

        // 2. Exact, in numbers of any size.
        var exponent = powerOfTen;
        fraction = fraction.TrimEnd('0');
        if (whole.Length > WholeDigitsKept)
        {
            exponent = (int)Math.Min(int.MaxValue, (long)exponent + whole.Length - WholeDigitsKept);
            whole = whole[..WholeDigitsKept];
            fraction = default;
        }

        var finer = fraction.Length > FractionDigitsKept;
        if (finer)
            fraction = fraction[..FractionDigitsKept];
        var digits = BigInteger.Parse(string.Concat("0", whole, fraction, finer ? "1" : ""), NumberStyles.None, CultureInfo.InvariantCulture);
        if (digits.IsZero)
            return 0;

        var scale = (long)exponent + 9 - fraction.Length - (finer ? 1 : 0);
        digits <<= powerOfTwo;
        if (scale > 100)
            return Int128.MaxValue;
        if (scale < -250)
            return 1;
        if (scale >= 0)
        {
            digits *= BigInteger.Pow(10, (int)scale);
        }
        else
        {
            digits = BigInteger.DivRem(digits, BigInteger.Pow(10, (int)-scale), out var remainder);
            if (!remainder.IsZero)
                digits += 1;
        }

        var result = Quantity.Saturate(digits);
        if (format != QuantityFormat.BinarySI)
            return result;

        if (result < Quantity.NanosPerUnit)
            format = QuantityFormat.DecimalSI;
        return Int128.Min(result, long.MaxValue * Quantity.NanosPerUnit);
    }

    private static Int128 Digits(ReadOnlySpan<char> digits)
    {
        var value = 0L;
        foreach (var digit in digits)
            value = (value * 10) + (digit - '0');
        return value;
    }

    private static Int128 PowerOfTen(int exponent)
    {
        Int128 value = 1;
        for (; exponent > 0; exponent--)
            value *= 10;
        return value;
    }
}
