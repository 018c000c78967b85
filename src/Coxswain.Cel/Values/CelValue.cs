using System.Globalization;

namespace Coxswain.Cel;

/// <summary>A value of the Common Expression Language. Immutable; safe for concurrent use as far as the lists and maps in it are.</summary>
/// <remarks>Equality is CEL's: numbers by value across their types, lists and maps by content (CEL language definition, "Equality").
/// Times are kept to 100 ns.</remarks>
public readonly struct CelValue : IEquatable<CelValue>
{
    private readonly long bits;
    private readonly object? reference;

    private CelValue(CelKind kind, long bits, object? reference = null)
    {
        Kind = kind;
        this.bits = bits;
        this.reference = reference;
    }

    public static CelValue Null => default;
    public static CelValue True { get; } = new(CelKind.Bool, 1);
    public static CelValue False { get; } = new(CelKind.Bool, 0);
    public static CelValue EmptyString { get; } = Of("");

    public CelKind Kind { get; }

    public static CelValue Of(bool value) => value ? True : False;
    public static CelValue Of(long value) => new(CelKind.Int, value);
    public static CelValue Of(ulong value) => new(CelKind.Uint, unchecked((long)value));
    public static CelValue Of(double value) => new(CelKind.Double, BitConverter.DoubleToInt64Bits(value));
    public static CelValue Of(string value) => new(CelKind.String, 0, value);

    /// <param name="value">Belongs to the value from now on.</param>
    public static CelValue Of(byte[] value) => new(CelKind.Bytes, 0, value);
    public static CelValue Of(DateTimeOffset value) => new(CelKind.Timestamp, value.UtcTicks);
    public static CelValue Of(TimeSpan value) => new(CelKind.Duration, value.Ticks);
    public static CelValue Of(CelList value) => new(CelKind.List, 0, value);
    public static CelValue Of(CelMap value) => new(CelKind.Map, 0, value);
    public static CelValue Of(CelType value) => new(CelKind.Type, 0, value);
    public static CelValue Of(ICelOpaque value) => new(CelKind.Opaque, 0, value);

    /// <summary>An optional that holds a value.</summary>
    public static CelValue Some(CelValue value) => new(CelKind.Optional, 1, new Boxed(value));

    /// <summary>The empty optional.</summary>
    public static CelValue None { get; } = new(CelKind.Optional, 0);

    public static CelValue Error(string message) => new(CelKind.Error, 0, message);

    public bool IsError => Kind == CelKind.Error;
    public bool IsTrue => Kind == CelKind.Bool && bits != 0;
    public bool IsNumber => Kind is CelKind.Int or CelKind.Uint or CelKind.Double;

    // What a kind's value is; asking a value of another kind is a bug of the caller.
    public bool AsBool => Checked(CelKind.Bool).bits != 0;
    public long AsInt => Checked(CelKind.Int).bits;
    public ulong AsUint => unchecked((ulong)Checked(CelKind.Uint).bits);
    public double AsDouble => BitConverter.Int64BitsToDouble(Checked(CelKind.Double).bits);
    public string AsString => (string)Checked(CelKind.String).reference!;
    public byte[] AsBytes => (byte[])Checked(CelKind.Bytes).reference!;
    public DateTimeOffset AsTimestamp => new(Checked(CelKind.Timestamp).bits, TimeSpan.Zero);
    public TimeSpan AsDuration => new(Checked(CelKind.Duration).bits);
    public CelList AsList => (CelList)Checked(CelKind.List).reference!;
    public CelMap AsMap => (CelMap)Checked(CelKind.Map).reference!;
    public CelType AsType => (CelType)Checked(CelKind.Type).reference!;
    public ICelOpaque AsOpaque => (ICelOpaque)Checked(CelKind.Opaque).reference!;
    public string AsError => (string)Checked(CelKind.Error).reference!;

    /// <summary>What an optional holds. False: nothing.</summary>
    public bool TryGetOptional(out CelValue value)
    {
        value = Checked(CelKind.Optional).reference is Boxed boxed ? boxed.Value : default;
        return bits != 0;
    }

    /// <summary>The zero of its kind, as <c>optional.ofNonZeroValue</c> sees it.</summary>
    public bool IsZero => Kind switch
    {
        CelKind.Null => true,
        CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.Duration => bits == 0,
        CelKind.Double => AsDouble == 0,
        CelKind.String => AsString.Length == 0,
        CelKind.Bytes => AsBytes.Length == 0,
        CelKind.List => AsList.Count == 0,
        CelKind.Map => AsMap.Count == 0,
        CelKind.Optional => bits == 0,
        _ => false,
    };

    public bool Equals(CelValue other)
    {
        if (IsNumber && other.IsNumber)
            return CelNumbers.TryCompare(this, other, out var order) && order == 0;
        if (Kind != other.Kind)
            return false;
        return Kind switch
        {
            CelKind.Null => true,
            CelKind.String => AsString == other.AsString,
            CelKind.Bytes => AsBytes.AsSpan().SequenceEqual(other.AsBytes),
            CelKind.List => AsList.ContentEquals(other.AsList),
            CelKind.Map => AsMap.ContentEquals(other.AsMap),
            CelKind.Type => AsType.Equals(other.AsType),
            CelKind.Opaque => AsOpaque.Equals(other.AsOpaque),
            CelKind.Error => AsError == other.AsError,
            CelKind.Optional => bits == other.bits && (bits == 0 || ((Boxed)reference!).Value.Equals(((Boxed)other.reference!).Value)),
            _ => bits == other.bits,
        };
    }

    public override bool Equals(object? obj) => obj is CelValue other && Equals(other);

    public override int GetHashCode() => Kind switch
    {
        // Equal numbers of different types have equal hashes.
        CelKind.Int => ((double)bits).GetHashCode(),
        CelKind.Uint => ((double)AsUint).GetHashCode(),
        CelKind.Double => AsDouble.GetHashCode(),
        CelKind.String => AsString.GetHashCode(StringComparison.Ordinal),
        CelKind.Bytes => AsBytes.Length,
        CelKind.List => AsList.Count,
        CelKind.Map => AsMap.Count,
        CelKind.Opaque => AsOpaque.GetHashCode(),
        CelKind.Type => AsType.GetHashCode(),
        _ => HashCode.Combine(Kind, bits),
    };

    public static bool operator ==(CelValue left, CelValue right) => left.Equals(right);

    public static bool operator !=(CelValue left, CelValue right) => !left.Equals(right);

    /// <summary>The type that it has at run time, as <c>type(x)</c> tells.</summary>
    public CelType Type => Kind switch
    {
        CelKind.Null => CelType.Null,
        CelKind.Bool => CelType.Bool,
        CelKind.Int => CelType.Int,
        CelKind.Uint => CelType.Uint,
        CelKind.Double => CelType.Double,
        CelKind.String => CelType.String,
        CelKind.Bytes => CelType.Bytes,
        CelKind.Timestamp => CelType.Timestamp,
        CelKind.Duration => CelType.Duration,
        CelKind.List => CelType.List(CelType.Dyn),
        CelKind.Map => AsMap.ObjectType ?? CelType.Map(CelType.Dyn, CelType.Dyn),
        CelKind.Type => CelType.TypeOf(CelType.Dyn),
        CelKind.Optional => CelType.Optional(CelType.Dyn),
        CelKind.Opaque => AsOpaque.Type,
        _ => CelType.Dyn,
    };

    public override string ToString() => Kind switch
    {
        CelKind.Null => "null",
        CelKind.Bool => bits != 0 ? "true" : "false",
        CelKind.Int => bits.ToString(CultureInfo.InvariantCulture),
        CelKind.Uint => AsUint.ToString(CultureInfo.InvariantCulture),
        CelKind.Double => CelNumbers.Text(AsDouble),
        CelKind.String => AsString,
        CelKind.Bytes => Convert.ToHexStringLower(AsBytes),
        CelKind.Timestamp => CelTimes.Text(AsTimestamp),
        CelKind.Duration => CelTimes.Text(AsDuration),
        CelKind.List => $"[{string.Join(", ", AsList.Select(item => item.ToString()))}]",
        CelKind.Map => $"{{{string.Join(", ", AsMap.Select(entry => $"{entry.Key}: {entry.Value}"))}}}",
        CelKind.Type => AsType.ToString(),
        CelKind.Optional => bits == 0 ? "optional.none()" : $"optional.of({((Boxed)reference!).Value})",
        CelKind.Opaque => AsOpaque.ToString() ?? AsOpaque.Type.ToString(),
        _ => $"error: {AsError}",
    };

    private CelValue Checked(CelKind kind) => Kind == kind ? this : throw new InvalidOperationException($"A {Kind} is no {kind}.");

    private sealed record Boxed(CelValue Value);
}

/// <summary>A value of a type that the language itself does not know. Equality is the type's own.</summary>
public interface ICelOpaque
{
    CelType Type { get; }
}
