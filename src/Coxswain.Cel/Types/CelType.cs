namespace Coxswain.Cel;

/// <summary>A type, as declared or as found by the check of an expression. Immutable.</summary>
public sealed record CelType
{
    private readonly Func<string, CelType?>? field;

    private CelType(CelTypeKind kind, string name, params CelType[] parameters)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters;
    }

    private CelType(string name, Func<string, CelType?> field)
        : this(CelTypeKind.Object, name)
    {
        this.field = field;
    }

    public CelTypeKind Kind { get; }

    public string Name { get; }

    public IReadOnlyList<CelType> Parameters { get; }

    public CelListKind ListKind { get; private init; }

    public IReadOnlyList<string> ListKeys { get; private init; } = [];

    public static CelType Dyn { get; } = new(CelTypeKind.Dyn, "dyn");
    public static CelType Null { get; } = new(CelTypeKind.Null, "null");
    public static CelType Bool { get; } = new(CelTypeKind.Bool, "bool");
    public static CelType Int { get; } = new(CelTypeKind.Int, "int");
    public static CelType Uint { get; } = new(CelTypeKind.Uint, "uint");
    public static CelType Double { get; } = new(CelTypeKind.Double, "double");
    public static CelType String { get; } = new(CelTypeKind.String, "string");
    public static CelType Bytes { get; } = new(CelTypeKind.Bytes, "bytes");
    public static CelType Timestamp { get; } = new(CelTypeKind.Timestamp, "google.protobuf.Timestamp");
    public static CelType Duration { get; } = new(CelTypeKind.Duration, "google.protobuf.Duration");

    public static CelType List(CelType element) => new(CelTypeKind.List, "list", element);

    /// <summary>A list whose elements identify themselves in some way.</summary>
    /// <param name="keys">The keys of a <see cref="CelListKind.Map"/>.</param>
    public static CelType List(CelType element, CelListKind kind, IReadOnlyList<string> keys) =>
        new(CelTypeKind.List, "list", element) { ListKind = kind, ListKeys = keys };

    public static CelType Map(CelType key, CelType value) => new(CelTypeKind.Map, "map", key, value);

    public static CelType Optional(CelType value) => new(CelTypeKind.Optional, "optional_type", value);

    public static CelType TypeOf(CelType type) => new(CelTypeKind.Type, "type", type);

    /// <summary>A library's type, known by its name.</summary>
    public static CelType Opaque(string name) => new(CelTypeKind.Opaque, name);

    /// <summary>A type with named fields.</summary>
    /// <param name="field">The type of a field; null when there is none of that name. Called from any thread.</param>
    public static CelType Object(string name, Func<string, CelType?> field) => new(name, field);

    /// <summary>Stands for one type within an overload.</summary>
    public static CelType Parameter(string name) => new(CelTypeKind.Parameter, name);

    /// <summary>The type of an object's field, or null.</summary>
    public CelType? Field(string name) => field?.Invoke(name);

    public bool Equals(CelType? other) =>
        other is not null && Kind == other.Kind && Name == other.Name && Parameters.SequenceEqual(other.Parameters);

    public override int GetHashCode() => HashCode.Combine(Kind, Name);

    public override string ToString() => Parameters.Count == 0 ? Name : $"{Name}({string.Join(", ", Parameters)})";
}

public enum CelTypeKind : byte
{
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Object,
    Type,
    Optional,
    Opaque,
    Parameter,
}
