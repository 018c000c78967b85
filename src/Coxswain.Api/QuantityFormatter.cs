using System.Globalization;

namespace Coxswain.Api;

/// <summary>Writes a quantity's canonical text.</summary>
internal static class QuantityFormatter
{
    private static ReadOnlySpan<byte> BinaryPrefixes => "KMGTPE"u8;

    public static bool TryFormat(Int128 nanos, QuantityFormat format, Span<byte> destination, out int written)
    {
        written = 0;
        if (nanos == 0)
        {
            if (destination.IsEmpty)
                return false;
            destination[0] = (byte)'0';
            written = 1;
            return true;
        }

        // Small or fractional values are written with decimal suffixes, so that nothing is rounded.
        var bound = 1024 * Quantity.NanosPerUnit;
        return format == QuantityFormat.BinarySI && (nanos <= -bound || nanos >= bound) && nanos % Quantity.NanosPerUnit == 0
            ? TryFormatBinary(nanos / Quantity.NanosPerUnit, destination, out written)
            : TryFormatDecimal(nanos, format == QuantityFormat.DecimalExponent, destination, out written);
    }

    private static bool TryFormatBinary(Int128 units, Span<byte> destination, out int written)
    {
        var power = 0;
        while (power < BinaryPrefixes.Length && (units & 1023) == 0)
        {
            units >>= 10;
            power++;
        }

        if (!units.TryFormat(destination, out written, default, CultureInfo.InvariantCulture))
            return false;
        if (power == 0)
            return true;
        if (destination.Length < written + 2)
            return false;

        destination[written++] = BinaryPrefixes[power - 1];
        destination[written++] = (byte)'i';
        return true;
    }

    private static bool TryFormatDecimal(Int128 mantissa, bool exponentForm, Span<byte> destination, out int written)
    {
        var exponent = -9;
        for (; ; exponent += 3)
        {
            var (quotient, remainder) = Int128.DivRem(mantissa, 1000);
            if (remainder != 0)
                break;
            mantissa = quotient;
        }

        if (!mantissa.TryFormat(destination, out written, default, CultureInfo.InvariantCulture))
            return false;
        if (exponent == 0)
            return true;

        // There is no suffix above E: the exponent form takes over.
        if (exponentForm || exponent > 18)
        {
            if (destination.Length < written + 4)
                return false;
            destination[written++] = (byte)'e';
            var fits = exponent.TryFormat(destination[written..], out var digits, default, CultureInfo.InvariantCulture);
            written += digits;
            return fits;
        }

        if (destination.Length < written + 1)
            return false;
        destination[written++] = exponent switch
        {
            -9 => (byte)'n',
            -6 => (byte)'u',
            -3 => (byte)'m',
            3 => (byte)'k',
            6 => (byte)'M',
            9 => (byte)'G',
            12 => (byte)'T',
            15 => (byte)'P',
            _ => (byte)'E',
        };
        return true;
    }
}
