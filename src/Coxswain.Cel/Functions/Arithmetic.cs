using Coxswain.Cel.Planning;
using Coxswain.Cel.Syntax;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Operators that calculate. What does not fit its type is an error, never a wrap.</summary>
internal static class Arithmetic
{
    private static readonly CelType A = CelType.Parameter("A");

    private static CelValue IntOverflow => CelValue.Error("integer overflow");
    private static CelValue UintOverflow => CelValue.Error("unsigned integer overflow");

    public static IEnumerable<CelOverload> Overloads =>
    [
        Ints(Operators.Add, (a, b) => a + b), Uints(Operators.Add, (a, b) => a + b), Doubles(Operators.Add, (a, b) => a + b),
        Ints(Operators.Subtract, (a, b) => a - b), Uints(Operators.Subtract, (a, b) => a - b), Doubles(Operators.Subtract, (a, b) => a - b),
        Ints(Operators.Multiply, (a, b) => a * b), Uints(Operators.Multiply, (a, b) => a * b), Doubles(Operators.Multiply, (a, b) => a * b),
        Doubles(Operators.Divide, (a, b) => a / b),
        Global(Operators.Divide, CelType.Int, (_, a) => DivideInts(a[0].AsInt, a[1].AsInt), CelType.Int, CelType.Int),
        Global(Operators.Divide, CelType.Uint,
            (_, a) => a[1].AsUint == 0 ? CelValue.Error("division by zero") : CelValue.Of(a[0].AsUint / a[1].AsUint), CelType.Uint, CelType.Uint),
        Global(Operators.Remainder, CelType.Int, (_, a) => RemainderOfInts(a[0].AsInt, a[1].AsInt), CelType.Int, CelType.Int),
        Global(Operators.Remainder, CelType.Uint,
            (_, a) => a[1].AsUint == 0 ? CelValue.Error("modulus by zero") : CelValue.Of(a[0].AsUint % a[1].AsUint), CelType.Uint, CelType.Uint),
        Global(Operators.Negate, CelType.Int, (_, a) => a[0].AsInt == long.MinValue ? IntOverflow : CelValue.Of(-a[0].AsInt), CelType.Int),
        Global(Operators.Negate, CelType.Double, (_, a) => CelValue.Of(-a[0].AsDouble), CelType.Double),
        Global(Operators.Not, CelType.Bool, (_, a) => CelValue.Of(!a[0].AsBool), CelType.Bool),
        Global(Operators.Add, CelType.String, Concat, CelType.String, CelType.String),
        Global(Operators.Add, CelType.Bytes, ConcatBytes, CelType.Bytes, CelType.Bytes),
        Global(Operators.Add, CelType.List(A), ConcatLists, CelType.List(A), CelType.List(A)),
        Global(Operators.Add, CelType.Timestamp, (_, a) => Shift(a[0].AsTimestamp, a[1].AsDuration), CelType.Timestamp, CelType.Duration),
        Global(Operators.Add, CelType.Timestamp, (_, a) => Shift(a[1].AsTimestamp, a[0].AsDuration), CelType.Duration, CelType.Timestamp),
        Global(Operators.Add, CelType.Duration, (_, a) => Span((Int128)a[0].AsDuration.Ticks + a[1].AsDuration.Ticks), CelType.Duration, CelType.Duration),
        Global(Operators.Subtract, CelType.Timestamp, (_, a) => Shift(a[0].AsTimestamp, -a[1].AsDuration), CelType.Timestamp, CelType.Duration),
        Global(Operators.Subtract, CelType.Duration, (_, a) => CelValue.Of(a[0].AsTimestamp - a[1].AsTimestamp), CelType.Timestamp, CelType.Timestamp),
        Global(Operators.Subtract, CelType.Duration, (_, a) => Span((Int128)a[0].AsDuration.Ticks - a[1].AsDuration.Ticks), CelType.Duration, CelType.Duration),
    ];

    private static CelOverload Ints(string name, Func<Int128, Int128, Int128> calculate) => Global(name, CelType.Int, (_, a) =>
    {
        var result = calculate(a[0].AsInt, a[1].AsInt);
        return result > long.MaxValue || result < long.MinValue ? IntOverflow : CelValue.Of((long)result);
    }, CelType.Int, CelType.Int);

    private static CelOverload Uints(string name, Func<Int128, Int128, Int128> calculate) => Global(name, CelType.Uint, (_, a) =>
    {
        // The product of two ulongs may not fit even here.
        if (name == Operators.Multiply && Math.BigMul(a[0].AsUint, a[1].AsUint, out var low) is var high)
            return high != 0 ? UintOverflow : CelValue.Of(low);
        var result = calculate(a[0].AsUint, a[1].AsUint);
        return result < 0 || result > ulong.MaxValue ? UintOverflow : CelValue.Of((ulong)result);
    }, CelType.Uint, CelType.Uint);

    private static CelOverload Doubles(string name, Func<double, double, double> calculate) =>
        Global(name, CelType.Double, (_, a) => CelValue.Of(calculate(a[0].AsDouble, a[1].AsDouble)), CelType.Double, CelType.Double);

    private static CelValue DivideInts(long a, long b) =>
        b == 0 ? CelValue.Error("division by zero") : a == long.MinValue && b == -1 ? IntOverflow : CelValue.Of(a / b);

    private static CelValue RemainderOfInts(long a, long b) =>
        b == 0 ? CelValue.Error("modulus by zero") : b == -1 ? CelValue.Of(0L) : CelValue.Of(a % b);

    private static CelValue Concat(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        frame.Charge(Costs.OfText(a[0].AsString.Length + a[1].AsString.Length));
        return CelValue.Of(a[0].AsString + a[1].AsString);
    }

    private static CelValue ConcatBytes(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        frame.Charge(Costs.OfText(a[0].AsBytes.Length + a[1].AsBytes.Length));
        return CelValue.Of((byte[])[.. a[0].AsBytes, .. a[1].AsBytes]);
    }

    private static CelValue ConcatLists(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        long left = a[0].AsList.Count, right = a[1].AsList.Count;
        // A set or map list looks for each element among the others.
        frame.Charge(1 + (a[0].AsList.ListKind == CelListKind.Atomic ? left + right : (left + 1) * (right + 1)));
        return CelValue.Of(a[0].AsList.Concat(a[1].AsList));
    }

    private static CelValue Shift(DateTimeOffset time, TimeSpan by)
    {
        var ticks = (Int128)time.UtcTicks + by.Ticks;
        return ticks < DateTimeOffset.MinValue.UtcTicks || ticks > DateTimeOffset.MaxValue.UtcTicks
            ? CelValue.Error("timestamp overflow")
            : CelValue.Of(new DateTimeOffset((long)ticks, TimeSpan.Zero));
    }

    private static CelValue Span(Int128 ticks) =>
        ticks < long.MinValue || ticks > long.MaxValue ? CelValue.Error("duration overflow") : CelValue.Of(new TimeSpan((long)ticks));
}
