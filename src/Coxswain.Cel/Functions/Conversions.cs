using System.Globalization;
using System.Text;
using Coxswain.Cel.Planning;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Type conversions, named as the types are.</summary>
internal static class Conversions
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("dyn", CelType.Dyn, (_, a) => a[0], CelType.Parameter("A")),
        Global("type", CelType.TypeOf(CelType.Parameter("A")), (_, a) => CelValue.Of(a[0].Type), CelType.Parameter("A")),
        .. Each("int", CelType.Int, ToInt, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp, CelType.Duration),
        .. Each("uint", CelType.Uint, ToUint, CelType.Uint, CelType.Int, CelType.Double, CelType.String),
        .. Each("double", CelType.Double, ToDouble, CelType.Double, CelType.Int, CelType.Uint, CelType.String),
        .. Each("string", CelType.String, ToText, CelType.String, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Bytes,
            CelType.Timestamp, CelType.Duration),
        .. Each("bytes", CelType.Bytes, value => value.Kind == CelKind.Bytes ? value : CelValue.Of(Encoding.UTF8.GetBytes(value.AsString)), CelType.Bytes, CelType.String),
        .. Each("bool", CelType.Bool, ToBool, CelType.Bool, CelType.String),
        .. Each("timestamp", CelType.Timestamp, ToTimestamp, CelType.Timestamp, CelType.String, CelType.Int),
        .. Each("duration", CelType.Duration, ToDuration, CelType.Duration, CelType.String, CelType.Int),
    ];

    private static IEnumerable<CelOverload> Each(string name, CelType result, Func<CelValue, CelValue> convert, params CelType[] from)
    {
        CelFunctionBody body = (frame, a) =>
        {
            frame.Charge(Costs.OfSize(a[0]));
            return convert(a[0]);
        };
        return from.Select(type => Global(name, result, body, type));
    }

    private static CelValue ToInt(CelValue value) => value.Kind switch
    {
        CelKind.Int => value,
        CelKind.Uint => value.AsUint <= long.MaxValue ? CelValue.Of((long)value.AsUint) : CelValue.Error("integer overflow"),
        // The bounds themselves are not exact in a double.
        CelKind.Double => value.AsDouble is > -9223372036854775808.0 and < 9223372036854775808.0
            ? CelValue.Of((long)value.AsDouble)
            : CelValue.Error("integer overflow"),
        CelKind.Timestamp => CelValue.Of(value.AsTimestamp.ToUnixTimeSeconds()),
        CelKind.Duration => CelValue.Of(value.AsDuration.Ticks > long.MaxValue / 100 ? long.MaxValue : value.AsDuration.Ticks * 100),
        _ => long.TryParse(value.AsString, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? CelValue.Of(number)
            : CelValue.Error("type conversion error from 'string' to 'int'"),
    };

    private static CelValue ToUint(CelValue value) => value.Kind switch
    {
        CelKind.Uint => value,
        CelKind.Int => value.AsInt >= 0 ? CelValue.Of((ulong)value.AsInt) : CelValue.Error("unsigned integer overflow"),
        CelKind.Double => value.AsDouble is >= 0 and < 18446744073709551616.0
            ? CelValue.Of((ulong)value.AsDouble)
            : CelValue.Error("unsigned integer overflow"),
        _ => ulong.TryParse(value.AsString, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? CelValue.Of(number)
            : CelValue.Error("type conversion error from 'string' to 'uint'"),
    };

    private static CelValue ToDouble(CelValue value) => value.Kind switch
    {
        CelKind.Double => value,
        CelKind.Int => CelValue.Of((double)value.AsInt),
        CelKind.Uint => CelValue.Of((double)value.AsUint),
        _ => double.TryParse(value.AsString, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? CelValue.Of(number)
            : CelValue.Error("type conversion error from 'string' to 'double'"),
    };

    private static CelValue ToText(CelValue value)
    {
        if (value.Kind == CelKind.String)
            return value;
        if (value.Kind != CelKind.Bytes)
            return CelValue.Of(value.ToString());
        try
        {
            return CelValue.Of(StrictUtf8.GetString(value.AsBytes));
        }
        catch (DecoderFallbackException)
        {
            return CelValue.Error("invalid UTF-8 in bytes, cannot convert to string");
        }
    }

    private static CelValue ToBool(CelValue value) => value.Kind == CelKind.Bool ? value : value.AsString switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => CelValue.True,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => CelValue.False,
        _ => CelValue.Error("type conversion error from 'string' to 'bool'"),
    };

    private static CelValue ToTimestamp(CelValue value) => value.Kind switch
    {
        CelKind.Timestamp => value,
        CelKind.Int => value.AsInt is >= -62135596800 and <= 253402300799
            ? CelValue.Of(DateTimeOffset.FromUnixTimeSeconds(value.AsInt))
            : CelValue.Error("timestamp overflow"),
        _ => CelTimes.TryParseTimestamp(value.AsString, out var time)
            ? CelValue.Of(time)
            : CelValue.Error($"invalid timestamp: {value.AsString}"),
    };

    private static CelValue ToDuration(CelValue value) => value.Kind switch
    {
        CelKind.Duration => value,
        CelKind.Int => CelValue.Of(new TimeSpan(value.AsInt / 100)),
        _ => CelTimes.TryParseDuration(value.AsString, out var span)
            ? CelValue.Of(span)
            : CelValue.Error($"time: invalid duration \"{value.AsString}\""),
    };
}
