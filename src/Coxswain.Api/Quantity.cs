using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;

namespace Coxswain.Api;

/// <summary>A fixed-point number with a unit suffix, such as <c>500m</c> or <c>1Gi</c>.</summary>
/// <remarks>
/// <para>Kept as a whole number of nanos: nothing finer exists, parsing rounds a finer value away from zero. Magnitudes up to
/// 1.7e29 are exact; beyond that a value stays at the bound. A binary quantity is bounded by 2^63-1, as upstream's is.</para>
/// <para>Equality and order are of the value: <c>1</c> equals <c>1000m</c>. The text is canonical: no fraction, the largest
/// suffix that loses nothing. Immutable.</para>
/// </remarks>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>, IComparable, ISpanFormattable, IUtf8SpanFormattable
{
    /// <summary>No canonical text is longer: sign, 39 digits, and a suffix.</summary>
    public const int MaxTextLength = 48;

    internal static readonly Int128 NanosPerUnit = 1_000_000_000;

    private readonly Int128 _nanos;
    private readonly QuantityFormat _format;

    internal Quantity(Int128 nanos, QuantityFormat format)
    {
        _nanos = nanos;
        _format = format;
    }

    public static Quantity Zero => default;

    public static Quantity FromValue(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new(value * NanosPerUnit, format);

    public static Quantity FromMilliValue(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new((Int128)value * 1_000_000, format);

    /// <exception cref="FormatException">Not a quantity; the message is upstream's.</exception>
    public static Quantity Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var quantity, out var error) ? quantity : throw new FormatException(error);

    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity) => TryParse(text, out quantity, out _);

    /// <param name="error">Why not, in upstream's words.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity, [NotNullWhen(false)] out string? error) =>
        QuantityParser.TryParse(text, out quantity, out error);

    /// <summary>How it is written where the value allows.</summary>
    public QuantityFormat Format => _format;

    public bool IsZero => _nanos == 0;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => _nanos == 0 ? 0 : Int128.IsNegative(_nanos) ? -1 : 1;

    /// <summary>Whole units, rounded away from zero; at the bounds of <see cref="long"/> when it would not fit.</summary>
    public long Value => Scaled(NanosPerUnit);

    /// <summary>Whole thousandths, rounded away from zero; at the bounds of <see cref="long"/> when it would not fit.</summary>
    public long MilliValue => Scaled(1_000_000);

    /// <summary>True when the value has no fraction.</summary>
    public bool IsWhole => _nanos % NanosPerUnit == 0;

    public double ToDouble() => (double)_nanos / 1e9;

    public Quantity WithFormat(QuantityFormat format) => new(_nanos, format);

    public static Quantity operator +(Quantity a, Quantity b) =>
        new(Saturate((BigInteger)a._nanos + (BigInteger)b._nanos), a.IsZero ? b._format : a._format);

    public static Quantity operator -(Quantity a, Quantity b) =>
        new(Saturate((BigInteger)a._nanos - (BigInteger)b._nanos), a.IsZero ? b._format : a._format);

    public static Quantity operator -(Quantity a) => new(-a._nanos, a._format);

    public static Quantity operator *(Quantity a, long factor) => new(Saturate((BigInteger)a._nanos * factor), a._format);

    public static bool operator ==(Quantity a, Quantity b) => a._nanos == b._nanos;

    public static bool operator !=(Quantity a, Quantity b) => a._nanos != b._nanos;

    public static bool operator <(Quantity a, Quantity b) => a._nanos < b._nanos;

    public static bool operator >(Quantity a, Quantity b) => a._nanos > b._nanos;

    public static bool operator <=(Quantity a, Quantity b) => a._nanos <= b._nanos;

    public static bool operator >=(Quantity a, Quantity b) => a._nanos >= b._nanos;

    public static Quantity Max(Quantity a, Quantity b) => a >= b ? a : b;

    public static Quantity Min(Quantity a, Quantity b) => a <= b ? a : b;

    public bool Equals(Quantity other) => _nanos == other._nanos;

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => _nanos.GetHashCode();

    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    public int CompareTo(object? obj) => obj is Quantity other ? CompareTo(other) : 1;

    /// <summary>The canonical text.</summary>
    public override string ToString()
    {
        Span<byte> buffer = stackalloc byte[MaxTextLength];
        return TryFormat(buffer, out var written) ? Encoding.ASCII.GetString(buffer[..written]) : throw new InvalidOperationException("A quantity's text is longer than can be.");
    }

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null) =>
        QuantityFormatter.TryFormat(_nanos, _format, utf8Destination, out bytesWritten);

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        Span<byte> buffer = stackalloc byte[MaxTextLength];
        charsWritten = 0;
        if (!TryFormat(buffer, out var written) || written > destination.Length)
            return false;

        charsWritten = Encoding.ASCII.GetChars(buffer[..written], destination);
        return true;
    }

    internal static Int128 Saturate(BigInteger nanos) =>
        nanos > (BigInteger)Int128.MaxValue ? Int128.MaxValue
        : nanos < -(BigInteger)Int128.MaxValue ? -Int128.MaxValue
        : (Int128)nanos;

    private long Scaled(Int128 unit)
    {
        var (quotient, remainder) = Int128.DivRem(_nanos, unit);
        if (remainder != 0)
            quotient += Int128.IsNegative(_nanos) ? -1 : 1;

        return quotient > long.MaxValue ? long.MaxValue : quotient < long.MinValue ? long.MinValue : (long)quotient;
    }
}
