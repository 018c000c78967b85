using Coxswain.Cel.Syntax;
using Coxswain.Cel.Types;

namespace Coxswain.Cel.Planning;

internal readonly record struct Planned(Node Node, CelType Type);

/// <summary>Checks an expression against the environment's names and types, and makes the nodes that evaluate it.</summary>
/// <remarks>Gradual: what is dyn is judged at run time. One planner serves one expression.</remarks>
internal sealed class Planner(CelEnvironment environment)
{
    private static readonly Planned Failed = new(new ConstantNode(CelValue.Error("does not compile")), CelType.Dyn);

    private readonly List<(string Name, CelType Type)> scope = [];

    public List<CelIssue> Issues { get; } = [];

    /// <summary>The environment's variables that the expression names.</summary>
    public HashSet<string> References { get; } = new(StringComparer.Ordinal);

    /// <summary>How many local variables live at once.</summary>
    public int Slots { get; private set; }

    public Planned Plan(Expression expression) => expression switch
    {
        Literal literal => new(new ConstantNode(literal.Value), literal.Value.Type),
        Identifier identifier => PlanIdentifier(identifier),
        Select select => PlanSelect(select),
        Presence presence => PlanPresence(presence),
        Call call => PlanCall(call),
        ListLiteral list => PlanList(list),
        MapLiteral map => PlanMap(map),
        ObjectLiteral literal => PlanObject(literal),
        Comprehension comprehension => PlanComprehension(comprehension),
        Binding binding => PlanBinding(binding),
        OptionalMap map => PlanOptionalMap(map),
        _ => throw new InvalidOperationException($"No plan for {expression.GetType().Name}."),
    };

    private Planned Fail(int offset, string message)
    {
        Issues.Add(new CelIssue(offset, message));
        return Failed;
    }

    private Planned PlanIdentifier(Identifier identifier)
    {
        var slot = scope.FindLastIndex(local => local.Name == identifier.Name);
        if (slot >= 0)
            return new(new LocalNode(slot), scope[slot].Type);
        if (environment.Variables.TryGetValue(identifier.Name, out var type))
            return Variable(identifier.Name, type);
        return environment.TypeNamed(identifier.Name) is { } named
            ? new(new ConstantNode(CelValue.Of(named)), CelType.TypeOf(named))
            : Fail(identifier.Offset, $"undeclared reference to '{identifier.Name}' (in container '')");
    }

    private Planned Variable(string name, CelType type)
    {
        References.Add(name);
        return new(new VariableNode(name), type);
    }

    /// <summary>The dotted name of a chain of selections whose root is no variable.</summary>
    private string? QualifiedName(Expression expression) => expression switch
    {
        Identifier identifier when scope.Exists(local => local.Name == identifier.Name) => null,
        Identifier identifier => environment.Variables.ContainsKey(identifier.Name) ? null : identifier.Name,
        Select { Optional: false } select when QualifiedName(select.Operand) is { } prefix => $"{prefix}.{select.Field}",
        _ => null,
    };

    private string? DottedName(Expression expression) => expression switch
    {
        Identifier identifier => scope.Exists(local => local.Name == identifier.Name) ? null : identifier.Name,
        Select { Optional: false } select when DottedName(select.Operand) is { } prefix => $"{prefix}.{select.Field}",
        _ => null,
    };

    private Planned PlanSelect(Select select)
    {
        if (QualifiedName(select) is { } name && environment.TypeNamed(name) is { } named)
            return new(new ConstantNode(CelValue.Of(named)), CelType.TypeOf(named));
        // A variable's own name may have dots; it goes before a field of that name.
        if (DottedName(select) is { } dotted && environment.Variables.TryGetValue(dotted, out var declared))
            return Variable(dotted, declared);
        var operand = Plan(select.Operand);
        if (FieldType(operand.Type, select.Field, select.Offset) is not { } type)
            return Failed;
        var optional = select.Optional || operand.Type.Kind == CelTypeKind.Optional;
        return new(new SelectNode(operand.Node, select.Field, select.Optional), optional ? CelType.Optional(type) : type);
    }

    private Planned PlanPresence(Presence presence)
    {
        var operand = Plan(presence.Operand);
        return FieldType(operand.Type, presence.Field, presence.Offset) is null
            ? Failed
            : new(new PresenceNode(operand.Node, presence.Field), CelType.Bool);
    }

    private CelType? FieldType(CelType operand, string field, int offset)
    {
        switch (operand.Kind)
        {
            case CelTypeKind.Dyn:
                return CelType.Dyn;
            case CelTypeKind.Map:
                return operand.Parameters[1];
            case CelTypeKind.Optional:
                return FieldType(operand.Parameters[0], field, offset);
            case CelTypeKind.Object when operand.Field(field) is { } type:
                return type;
            case CelTypeKind.Object:
                Fail(offset, $"undefined field '{field}'");
                return null;
            default:
                Fail(offset, $"type '{operand}' does not support field selection");
                return null;
        }
    }

    private Planned PlanCall(Call call)
    {
        if (call.Target is not null && QualifiedName(call.Target) is { } prefix
            && environment.Overloads($"{prefix}.{call.Function}", member: false) is { Count: > 0 } qualified)
            return Resolve(call, $"{prefix}.{call.Function}", qualified, [.. call.Arguments.Select(Plan)]);
        var arguments = new List<Planned>(call.Arguments.Count + 1);
        if (call.Target is not null)
            arguments.Add(Plan(call.Target));
        foreach (var argument in call.Arguments)
            arguments.Add(Plan(argument));
        switch (call.Function)
        {
            case Operators.And or Operators.Or:
                return AllBool(arguments)
                    ? new(new LogicNode(arguments[0].Node, arguments[1].Node, call.Function == Operators.Or), CelType.Bool)
                    : NoOverload(call, arguments);
            case Operators.Conditional:
                return Fits(CelType.Bool, arguments[0].Type) && Fits(arguments[1].Type, arguments[2].Type)
                    ? new(new ConditionalNode(arguments[0].Node, arguments[1].Node, arguments[2].Node), Substitution.Join(arguments[1].Type, arguments[2].Type))
                    : NoOverload(call, arguments);
            case Operators.Equal or Operators.NotEqual:
                return Fits(arguments[0].Type, arguments[1].Type) || Fits(arguments[1].Type, arguments[0].Type)
                    ? new(new EqualNode(arguments[0].Node, arguments[1].Node, call.Function == Operators.NotEqual), CelType.Bool)
                    : NoOverload(call, arguments);
            case Operators.Index or Operators.OptionalIndex:
                return PlanIndex(call, arguments);
        }
        var member = call.Target is not null;
        return environment.Overloads(call.Function, member) is { Count: > 0 } overloads
            ? Resolve(call, call.Function, overloads, arguments)
            : Fail(call.Offset, $"undeclared reference to '{call.Function}' (in container '')");
    }

    private Planned Resolve(Call call, string name, IReadOnlyList<CelOverload> overloads, List<Planned> arguments)
    {
        var candidates = new List<CelOverload>();
        CelType? result = null;
        foreach (var overload in overloads)
        {
            if (overload.Parameters.Length != arguments.Count)
                continue;
            var substitution = new Substitution();
            var fits = true;
            for (var i = 0; fits && i < arguments.Count; i++)
                fits = substitution.Fits(overload.Parameters[i], arguments[i].Type);
            if (!fits)
                continue;
            candidates.Add(overload);
            var type = substitution.Apply(overload.Result);
            result = result is null || result.Equals(type) ? type : CelType.Dyn;
        }
        return candidates.Count > 0
            ? new(new CallNode(candidates, [.. arguments.Select(argument => argument.Node)]), result!)
            : NoOverload(call with { Function = name }, arguments);
    }

    private Planned PlanIndex(Call call, List<Planned> arguments)
    {
        var operand = arguments[0].Type;
        var optional = call.Function == Operators.OptionalIndex || operand.Kind == CelTypeKind.Optional;
        if (operand.Kind == CelTypeKind.Optional)
            operand = operand.Parameters[0];
        CelType? element = operand.Kind switch
        {
            CelTypeKind.Dyn => CelType.Dyn,
            CelTypeKind.List when Fits(CelType.Int, arguments[1].Type) => operand.Parameters[0],
            CelTypeKind.Map when Fits(operand.Parameters[0], arguments[1].Type) => operand.Parameters[1],
            _ => null,
        };
        if (element is null)
            return NoOverload(call, arguments);
        return new(
            new IndexNode(arguments[0].Node, arguments[1].Node, call.Function == Operators.OptionalIndex),
            optional ? CelType.Optional(element) : element);
    }

    private Planned NoOverload(Call call, List<Planned> arguments)
    {
        // One message for one mistake: arguments that failed have been told of.
        if (arguments.Exists(argument => ReferenceEquals(argument.Node, Failed.Node)))
            return Failed;
        var types = arguments.Select(argument => argument.Type.ToString());
        var form = call.Target is not null && call.Function.IndexOf('.', StringComparison.Ordinal) < 0
            ? $"{arguments[0].Type}.({string.Join(", ", types.Skip(1))})"
            : $"({string.Join(", ", types)})";
        return Fail(call.Offset, $"found no matching overload for '{call.Function}' applied to '{form}'");
    }

    private static bool Fits(CelType parameter, CelType argument) => new Substitution().Fits(parameter, argument);

    private static bool AllBool(List<Planned> arguments) => arguments.TrueForAll(argument => Fits(CelType.Bool, argument.Type));

    private Planned PlanList(ListLiteral list)
    {
        CelType? element = null;
        var nodes = new ElementNode[list.Elements.Count];
        for (var i = 0; i < nodes.Length; i++)
        {
            var planned = Plan(list.Elements[i].Value);
            nodes[i] = new ElementNode(planned.Node, list.Elements[i].Optional);
            var type = list.Elements[i].Optional && planned.Type.Kind == CelTypeKind.Optional ? planned.Type.Parameters[0] : planned.Type;
            element = element is null ? type : Substitution.Join(element, type);
        }
        return new(new ListNode(nodes), CelType.List(element ?? CelType.Dyn));
    }

    private Planned PlanMap(MapLiteral map)
    {
        CelType? keys = null, values = null;
        var nodes = new EntryNode[map.Entries.Count];
        for (var i = 0; i < nodes.Length; i++)
        {
            var key = Plan(map.Entries[i].Key);
            var value = Plan(map.Entries[i].Value);
            nodes[i] = new EntryNode(key.Node, value.Node, map.Entries[i].Optional);
            var type = map.Entries[i].Optional && value.Type.Kind == CelTypeKind.Optional ? value.Type.Parameters[0] : value.Type;
            keys = keys is null ? key.Type : Substitution.Join(keys, key.Type);
            values = values is null ? type : Substitution.Join(values, type);
        }
        return new(new MapNode(nodes, null), CelType.Map(keys ?? CelType.Dyn, values ?? CelType.Dyn));
    }

    private Planned PlanObject(ObjectLiteral literal)
    {
        if (environment.ObjectType(literal.TypeName) is not { } type)
            return Fail(literal.Offset, $"undeclared reference to '{literal.TypeName}' (in container '')");
        var nodes = new List<EntryNode>(literal.Members.Count);
        foreach (var member in literal.Members)
        {
            var value = Plan(member.Value);
            if (type.Field(member.Name) is not { } field)
            {
                Fail(member.Offset, $"undefined field '{member.Name}'");
                continue;
            }
            if (!Fits(member.Optional ? CelType.Optional(field) : field, value.Type))
                Fail(member.Offset, $"expected type of field '{member.Name}' is '{field}' but provided type is '{value.Type}'");
            nodes.Add(new EntryNode(new ConstantNode(CelValue.Of(member.Name)), value.Node, member.Optional));
        }
        return new(new MapNode([.. nodes], type), type);
    }

    private Planned PlanComprehension(Comprehension comprehension)
    {
        var range = Plan(comprehension.Range);
        var (first, second) = (range.Type.Kind, comprehension.Second) switch
        {
            (CelTypeKind.List, null) => (range.Type.Parameters[0], CelType.Dyn),
            (CelTypeKind.List, _) => (CelType.Int, range.Type.Parameters[0]),
            (CelTypeKind.Map, _) => (range.Type.Parameters[0], range.Type.Parameters[1]),
            _ => (CelType.Dyn, CelType.Dyn),
        };
        if (range.Type.Kind is not (CelTypeKind.List or CelTypeKind.Map or CelTypeKind.Dyn))
            return Fail(comprehension.Range.Offset, $"expression of type '{range.Type}' cannot be range of a comprehension (must be list, map, or dynamic)");
        var slot = Enter(comprehension.First, first);
        var secondSlot = comprehension.Second is null ? -1 : Enter(comprehension.Second, second);
        Planned? condition = comprehension.Condition is null ? null : Plan(comprehension.Condition);
        Planned? transform = comprehension.Transform is null ? null : Plan(comprehension.Transform);
        scope.RemoveRange(slot, scope.Count - slot);
        if (condition is { } test && !Fits(CelType.Bool, test.Type))
            return Fail(comprehension.Condition!.Offset, $"expected type 'bool' but found '{test.Type}'");
        var result = comprehension.Kind switch
        {
            ComprehensionKind.Map or ComprehensionKind.TransformList => CelType.List(transform!.Value.Type),
            ComprehensionKind.Filter => CelType.List(first),
            ComprehensionKind.TransformMap => CelType.Map(first, transform!.Value.Type),
            ComprehensionKind.TransformMapEntry => transform!.Value.Type,
            _ => CelType.Bool,
        };
        return new(new ComprehensionNode(comprehension.Kind, range.Node, slot, secondSlot, condition?.Node, transform?.Node), result);
    }

    private Planned PlanBinding(Binding binding)
    {
        var value = Plan(binding.Value);
        var slot = Enter(binding.Name, value.Type);
        var body = Plan(binding.Body);
        scope.RemoveAt(slot);
        return new(new BindingNode(slot, value.Node, body.Node), body.Type);
    }

    private Planned PlanOptionalMap(OptionalMap map)
    {
        var operand = Plan(map.Operand);
        if (operand.Type.Kind is not (CelTypeKind.Optional or CelTypeKind.Dyn))
            return Fail(map.Offset, $"found no matching overload for '{(map.Flat ? "optFlatMap" : "optMap")}' applied to '{operand.Type}.()'");
        var slot = Enter(map.Name, operand.Type.Kind == CelTypeKind.Optional ? operand.Type.Parameters[0] : CelType.Dyn);
        var body = Plan(map.Body);
        scope.RemoveAt(slot);
        return new(new OptionalMapNode(operand.Node, slot, body.Node, map.Flat), map.Flat ? body.Type : CelType.Optional(body.Type));
    }

    private int Enter(string name, CelType type)
    {
        scope.Add((name, type));
        Slots = Math.Max(Slots, scope.Count);
        return scope.Count - 1;
    }
}
