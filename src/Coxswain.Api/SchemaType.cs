namespace Coxswain.Api;

/// <summary>What a value of the schema is.</summary>
public enum SchemaKind
{
    /// <summary>A struct: an object whose fields are known.</summary>
    Object,
    List,
    Map,
    String,
    Boolean,
    Int32,
    Int64,
    Double,

    /// <summary>Base64 in JSON.</summary>
    Bytes,
    Time,
    MicroTime,
    Duration,
    Quantity,
    IntOrString,

    /// <summary>An object whose content is not known here.</summary>
    RawExtension,

    /// <summary>The field set of a managed fields entry.</summary>
    FieldsV1,

    /// <summary>Any JSON value.</summary>
    Json,

    /// <summary>Any JSON value whose structure shows in the value itself: objects are maps of such values, lists are one value.</summary>
    Deduced,
}

/// <summary>The run-time form of a type of the API: what patch, apply and OpenAPI read.</summary>
/// <remarks>Built-in types are read from packed text on first use and then kept: one instance per struct, so that types that
/// contain themselves are graphs. Immutable and safe to share between threads.</remarks>
public sealed class SchemaType
{
    private readonly int _builtIn = -1;
    private SchemaField[]? _fields;
    private Dictionary<string, SchemaField>? _byName;

    private SchemaType(SchemaKind kind, string name, string goName)
    {
        Kind = kind;
        Name = name;
        GoName = goName;
    }

    internal SchemaType(int builtIn, string name, string goName)
        : this(SchemaKind.Object, name, goName) => _builtIn = builtIn;

    public SchemaKind Kind { get; }

    /// <summary>The name of the OpenAPI definition of a struct (<c>io.k8s.api.core.v1.PodSpec</c>); of a scalar its token in the
    /// facts.</summary>
    public string Name { get; }

    /// <summary>The name in Go, as upstream's messages print it: <c>v1.PodSpec</c>, <c>[]string</c>.</summary>
    public string GoName { get; }

    /// <summary>The type of a list's items or of a map's values.</summary>
    public SchemaType? Item { get; private init; }

    /// <summary>How a list's items or a map's values are owned and merged, where that is not in the type alone: a list of lists.</summary>
    public SchemaField? ItemField { get; private init; }

    /// <summary>Members that the struct does not name are allowed, and are of this type.</summary>
    public SchemaType? Rest { get; private init; }

    /// <summary>How apply names the fields of the kind's documents.</summary>
    internal ServerSideApply.FieldNaming Naming { get; private init; }

    /// <summary>Whether apply treats the whole struct as one value.</summary>
    public bool IsAtomic { get; internal init; }

    /// <summary>At most one of the optional members may be set.</summary>
    public bool IsUnion { get; internal init; }

    /// <summary>The document carries apiVersion and kind, which are not among the fields.</summary>
    public bool IsKind { get; internal init; }

    /// <summary>Whether there is a protobuf message of the type.</summary>
    public bool HasProtobuf { get; internal init; }

    /// <summary>Where the JSON form is not an object of the fields: the forms <c>bool</c>, <c>object:FIELD</c>,
    /// <c>array:FIELD</c>.</summary>
    public ApiList<string> JsonForms { get; internal init; }

    /// <summary>The group, version and kind that a built-in kind's documents carry.</summary>
    public GroupVersionKind GroupVersionKind { get; internal init; }

    /// <summary>The fields of a struct in declaration order.</summary>
    public IReadOnlyList<SchemaField> Fields => _fields ?? ReadFields();

    /// <summary>The field of this JSON name, or null.</summary>
    public SchemaField? FindField(string json)
    {
        if (_byName is null)
        {
            var byName = new Dictionary<string, SchemaField>(StringComparer.Ordinal);
            foreach (var field in Fields)
                byName[field.Name] = field;
            _byName = byName;
        }
        return _byName.GetValueOrDefault(json);
    }

    /// <summary>The built-in struct of this definition name, or null.</summary>
    public static SchemaType? Find(string definition) => SchemaTable.Find(definition);

    /// <summary>All built-in structs, in the order of the facts.</summary>
    public static IEnumerable<SchemaType> BuiltIn => SchemaTable.All();

    public static SchemaType Scalar(SchemaKind kind) => Scalars[(int)kind] ?? throw new ArgumentOutOfRangeException(nameof(kind));

    public static SchemaType ListOf(SchemaType item) => new(SchemaKind.List, "", "[]" + item.GoName) { Item = item };

    public static SchemaType MapOf(SchemaType item) => new(SchemaKind.Map, "", "map[string]" + item.GoName) { Item = item };

    /// <summary>A struct that is not built in (a custom resource).</summary>
    public static SchemaType Object(string name, IReadOnlyList<SchemaField> fields, bool isAtomic = false) =>
        new(SchemaKind.Object, name, name) { _fields = [.. fields], IsAtomic = isAtomic };

    internal static SchemaType ListOf(SchemaType item, SchemaField? itemField) =>
        new(SchemaKind.List, "", "[]" + item.GoName) { Item = item, ItemField = itemField };

    internal static SchemaType MapOf(SchemaType item, SchemaField? itemField) =>
        new(SchemaKind.Map, "", "map[string]" + item.GoName) { Item = item, ItemField = itemField };

    /// <summary>A struct with members beyond those it names.</summary>
    internal static SchemaType Object(string name, IReadOnlyList<SchemaField> fields, bool isAtomic, SchemaType? rest) =>
        new(SchemaKind.Object, name, name) { _fields = [.. fields], IsAtomic = isAtomic, Rest = rest };

    /// <summary>The documents of a kind that is not built in.</summary>
    internal static SchemaType Document(
        string name, GroupVersionKind kind, IReadOnlyList<SchemaField> fields, SchemaType? rest, ServerSideApply.FieldNaming naming) =>
        new(SchemaKind.Object, name, kind.Kind) { _fields = [.. fields], IsKind = true, GroupVersionKind = kind, Rest = rest, Naming = naming };

    public override string ToString() => GoName;

    private static readonly SchemaType?[] Scalars = MakeScalars();

    private static SchemaType?[] MakeScalars()
    {
        var result = new SchemaType?[Enum.GetValues<SchemaKind>().Length];
        void Add(SchemaKind kind, string token, string go) => result[(int)kind] = new(kind, token, go);
        Add(SchemaKind.String, "string", "string");
        Add(SchemaKind.Boolean, "bool", "bool");
        Add(SchemaKind.Int32, "int32", "int32");
        Add(SchemaKind.Int64, "int64", "int64");
        Add(SchemaKind.Double, "float64", "float64");
        Add(SchemaKind.Bytes, "bytes", "[]uint8");
        Add(SchemaKind.Time, "time", "v1.Time");
        Add(SchemaKind.MicroTime, "microTime", "v1.MicroTime");
        Add(SchemaKind.Duration, "duration", "v1.Duration");
        Add(SchemaKind.Quantity, "quantity", "resource.Quantity");
        Add(SchemaKind.IntOrString, "intOrString", "intstr.IntOrString");
        Add(SchemaKind.RawExtension, "rawExtension", "runtime.RawExtension");
        Add(SchemaKind.FieldsV1, "fieldsV1", "v1.FieldsV1");
        Add(SchemaKind.Json, "json", "v1.JSON");
        Add(SchemaKind.Deduced, "any", "interface {}");
        return result;
    }

    private SchemaField[] ReadFields() =>
        Interlocked.CompareExchange(ref _fields, _builtIn < 0 ? [] : SchemaTable.ReadFields(_builtIn), null) ?? _fields;
}

/// <summary>A field of a struct.</summary>
public sealed record SchemaField
{
    /// <summary>The JSON name.</summary>
    public required string Name { get; init; }

    public required SchemaType Type { get; init; }

    /// <summary>The field's type as upstream's messages print it, with Go's named types: <c>v1.Protocol</c>.</summary>
    public string GoType { get; init; } = "";

    /// <summary>The type of an item of a list, or of a value of a map, as upstream's messages print it.</summary>
    public string GoItemType { get; init; } = "";

    /// <summary>Whether OpenAPI lists it as required.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Absent and zero are different.</summary>
    public bool IsNullable { get; init; }

    /// <summary>Left out of JSON when empty; without it the field is always written.</summary>
    public bool OmitsEmpty { get; init; }

    /// <summary><c>atomic</c>, <c>set</c>, <c>map</c>, or empty: the facts' marker, without the rule for lists that have none.</summary>
    public string ListType { get; init; } = "";

    public ApiList<string> ListMapKeys { get; init; }

    /// <summary><c>atomic</c>, <c>granular</c> or empty.</summary>
    public string MapType { get; init; } = "";

    /// <summary><c>merge</c>, <c>replace</c>, <c>retainKeys</c>, <c>merge,retainKeys</c> or empty.</summary>
    public string PatchStrategy { get; init; } = "";

    public string PatchMergeKey { get; init; } = "";

    /// <summary>The default of the schema's marker; absent for most, whose defaults are code.</summary>
    public RawJson Default { get; init; }

    /// <summary>The closed list of values, where there is one.</summary>
    public ApiList<string> Enum { get; init; }

    public override string ToString() => Name;
}
