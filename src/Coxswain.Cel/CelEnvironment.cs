using Coxswain.Cel.Functions;
using Coxswain.Cel.Planning;
using Coxswain.Cel.Syntax;

namespace Coxswain.Cel;

/// <summary>The names that expressions may use: variables, functions and types. Immutable; safe for concurrent use.</summary>
public sealed class CelEnvironment
{
    private static readonly Dictionary<string, CelType> BasicTypes = new(StringComparer.Ordinal)
    {
        ["bool"] = CelType.Bool,
        ["int"] = CelType.Int,
        ["uint"] = CelType.Uint,
        ["double"] = CelType.Double,
        ["string"] = CelType.String,
        ["bytes"] = CelType.Bytes,
        ["null_type"] = CelType.Null,
        ["list"] = CelType.List(CelType.Dyn),
        ["map"] = CelType.Map(CelType.Dyn, CelType.Dyn),
        ["type"] = CelType.TypeOf(CelType.Dyn),
        ["optional_type"] = CelType.Optional(CelType.Dyn),
        ["google.protobuf.Timestamp"] = CelType.Timestamp,
        ["google.protobuf.Duration"] = CelType.Duration,
    };

    private readonly Dictionary<(string Name, bool Member), List<CelOverload>> functions;
    private readonly Dictionary<string, CelType> types;
    private readonly Func<string, CelType?>? objectTypes;

    private CelEnvironment(
        Dictionary<(string, bool), List<CelOverload>> functions, Dictionary<string, CelType> types,
        IReadOnlyDictionary<string, CelType> variables, Func<string, CelType?>? objectTypes)
    {
        this.functions = functions;
        this.types = types;
        this.objectTypes = objectTypes;
        Variables = variables;
    }

    /// <summary>The standard definitions, and the strings, lists, sets, optionals and two-variable extensions.</summary>
    public static CelEnvironment Standard { get; } =
        new CelEnvironment([], new(BasicTypes, StringComparer.Ordinal), new Dictionary<string, CelType>(), null)
            .With(StandardLibrary.Overloads);

    public IReadOnlyDictionary<string, CelType> Variables { get; }

    /// <summary>This environment and more functions. Types of opaque results become known by their names.</summary>
    public CelEnvironment With(IEnumerable<CelOverload> overloads)
    {
        ArgumentNullException.ThrowIfNull(overloads);
        var all = functions.ToDictionary(entry => entry.Key, entry => new List<CelOverload>(entry.Value));
        var known = new Dictionary<string, CelType>(types, StringComparer.Ordinal);
        foreach (var overload in overloads)
        {
            if (!all.TryGetValue((overload.Name, overload.IsMember), out var list))
                all[(overload.Name, overload.IsMember)] = list = [];
            list.Add(overload);
            if (overload.Result.Kind == CelTypeKind.Opaque)
                known[overload.Result.Name] = overload.Result;
        }
        return new CelEnvironment(all, known, Variables, objectTypes);
    }

    /// <summary>This environment and more variables; one of a known name takes its place.</summary>
    public CelEnvironment With(IEnumerable<KeyValuePair<string, CelType>> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var all = new Dictionary<string, CelType>(Variables, StringComparer.Ordinal);
        foreach (var (name, type) in variables)
            all[name] = type;
        return new CelEnvironment(functions, types, all, objectTypes);
    }

    /// <summary>This environment, in which objects can be made: <c>Name{field: value}</c>.</summary>
    /// <param name="find">The type of a name, or null.</param>
    public CelEnvironment WithObjectTypes(Func<string, CelType?> find) => new(functions, types, Variables, find);

    /// <summary>Parses and checks an expression.</summary>
    /// <exception cref="CelCompileException">It is wrong; the message shows where.</exception>
    public CelProgram Compile(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        var planner = new Planner(this);
        var planned = planner.Plan(Parser.Parse(expression));
        if (planner.Issues.Count > 0)
            throw new CelCompileException(expression, planner.Issues);
        return new CelProgram(expression, planned.Node, planned.Type, planner.Slots, planner.References);
    }

    internal IReadOnlyList<CelOverload> Overloads(string name, bool member) =>
        functions.TryGetValue((name, member), out var overloads) ? overloads : [];

    internal CelType? TypeNamed(string name) => types.GetValueOrDefault(name);

    internal CelType? ObjectType(string name) => objectTypes?.Invoke(name);
}
