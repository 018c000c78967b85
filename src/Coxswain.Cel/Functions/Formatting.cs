using System.Globalization;
using System.Numerics;
using System.Text;
using Coxswain.Cel.Planning;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary><c>"...%s...".format([...])</c> of the strings extension.</summary>
internal static class Formatting
{
    public static IEnumerable<CelOverload> Overloads =>
        [Member("format", CelType.String, Format, CelType.String, CelType.List(CelType.Dyn))];

    private static CelValue Format(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        var form = a[0].AsString;
        var arguments = a[1].AsList;
        frame.Charge(Costs.OfText(form.Length));
        var output = new StringBuilder();
        var next = 0;
        for (var i = 0; i < form.Length; i++)
        {
            if (form[i] != '%')
            {
                output.Append(form[i]);
                continue;
            }
            if (++i < form.Length && form[i] == '%')
            {
                output.Append('%');
                continue;
            }
            var precision = Precision(form, ref i);
            if (i >= form.Length)
                return CelValue.Error("unexpected end of string");
            if (next >= arguments.Count)
                return CelValue.Error($"index {next} out of range");
            var start = output.Length;
            if (Append(output, form[i], precision, arguments[next++]) is { } error)
                return CelValue.Error(error);
            frame.Charge(Costs.OfText(output.Length - start));
        }
        return CelValue.Of(output.ToString());
    }

    private static int Precision(string form, ref int i)
    {
        if (i >= form.Length || form[i] != '.')
            return -1;
        var start = ++i;
        while (i < form.Length && char.IsAsciiDigit(form[i]))
            i++;
        return int.TryParse(form.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out var precision) ? Math.Min(precision, 100) : 0;
    }

    /// <returns>Why not, or null.</returns>
    private static string? Append(StringBuilder output, char verb, int precision, CelValue value)
    {
        switch (verb)
        {
            case 's':
                output.Append(value.ToString());
                return null;
            case 'd' when value.Kind is CelKind.Int or CelKind.Uint:
                output.Append(value.ToString());
                return null;
            case 'd' when value.Kind == CelKind.Double && (double.IsNaN(value.AsDouble) || double.IsInfinity(value.AsDouble)):
                output.Append(value.ToString().TrimStart('+'));
                return null;
            case 'f' when value.IsNumber:
                output.Append(Real(value).ToString("F" + (precision < 0 ? 6 : precision), CultureInfo.InvariantCulture));
                return null;
            case 'e' when value.IsNumber:
                output.Append(Real(value).ToString($"0.{new string('0', precision < 0 ? 6 : precision)}e+00", CultureInfo.InvariantCulture));
                return null;
            case 'b' when value.Kind is CelKind.Int or CelKind.Uint:
                output.Append(Binary(value));
                return null;
            case 'b' when value.Kind == CelKind.Bool:
                output.Append(value.AsBool ? '1' : '0');
                return null;
            case 'o' when value.Kind is CelKind.Int or CelKind.Uint:
                output.Append(Octal(value));
                return null;
            case 'x' or 'X':
                if (Hex(value) is not { } hex)
                    break;
                output.Append(verb == 'x' ? hex : hex.ToUpperInvariant());
                return null;
            case not ('d' or 'f' or 'e' or 'b' or 'o'):
                return $"could not parse formatting clause: unrecognized formatting clause \"{verb}\"";
        }
        return $"error during formatting: no formatting function: {verb} clause cannot be used on {value.Type}";
    }

    private static double Real(CelValue value) => value.Kind switch
    {
        CelKind.Int => value.AsInt,
        CelKind.Uint => value.AsUint,
        _ => value.AsDouble,
    };

    private static string Binary(CelValue value) => value.Kind == CelKind.Uint
        ? ((BigInteger)value.AsUint).ToString("b", CultureInfo.InvariantCulture).TrimStart('0').PadLeft(1, '0')
        : Signed(value.AsInt, magnitude => magnitude.ToString("b", CultureInfo.InvariantCulture));

    private static string Octal(CelValue value)
    {
        var magnitude = value.Kind == CelKind.Uint ? value.AsUint : (ulong)BigInteger.Abs(value.AsInt);
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, (char)('0' + (magnitude & 7)));
            magnitude >>= 3;
        }
        while (magnitude > 0);
        return value.Kind == CelKind.Int && value.AsInt < 0 ? $"-{digits}" : digits.ToString();
    }

    private static string? Hex(CelValue value) => value.Kind switch
    {
        CelKind.Int => Signed(value.AsInt, magnitude => magnitude.ToString("x", CultureInfo.InvariantCulture)),
        CelKind.Uint => value.AsUint.ToString("x", CultureInfo.InvariantCulture),
        CelKind.String => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value.AsString)),
        CelKind.Bytes => Convert.ToHexStringLower(value.AsBytes),
        _ => null,
    };

    private static string Signed(long value, Func<ulong, string> text) =>
        value < 0 ? "-" + text((ulong)BigInteger.Abs(value)) : text((ulong)value);
}
