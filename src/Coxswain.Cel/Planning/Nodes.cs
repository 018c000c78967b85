namespace Coxswain.Cel.Planning;

/// <summary>A part of a program, ready to be evaluated. Immutable: one program serves many evaluations at once.</summary>
internal abstract class Node
{
    /// <exception cref="CelCostExceededException"/>
    public abstract CelValue Evaluate(CelFrame frame);

    public static CelValue NoSuchOverload => CelValue.Error("no such overload");
}

internal sealed class ConstantNode(CelValue value) : Node
{
    public override CelValue Evaluate(CelFrame frame) => value;
}

internal sealed class VariableNode(string name) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        return frame.Variable(name);
    }
}

internal sealed class LocalNode(int slot) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        return frame.Local(slot);
    }
}

/// <summary>A field of an object or a key of a map; of an optional, an optional field.</summary>
internal sealed class SelectNode(Node operand, string field, bool optional) : Node
{
    private readonly CelValue key = CelValue.Of(field);

    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var value = operand.Evaluate(frame);
        if (value.IsError)
            return value;
        if (value.Kind == CelKind.Optional)
            return value.TryGetOptional(out var inner) ? Lookup(inner, asOptional: true) : CelValue.None;
        return Lookup(value, optional);
    }

    private CelValue Lookup(CelValue value, bool asOptional)
    {
        if (value.Kind != CelKind.Map)
            return NoSuchOverload;
        if (value.AsMap.TryGet(key, out var found))
            return asOptional && !found.IsError ? CelValue.Some(found) : found;
        return asOptional ? CelValue.None : CelValue.Error($"no such key: {field}");
    }
}

internal sealed class PresenceNode(Node operand, string field) : Node
{
    private readonly CelValue key = CelValue.Of(field);

    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var value = operand.Evaluate(frame);
        if (value.IsError)
            return value;
        if (value.Kind == CelKind.Optional && !value.TryGetOptional(out value))
            return CelValue.False;
        return value.Kind == CelKind.Map ? CelValue.Of(value.AsMap.TryGet(key, out _)) : NoSuchOverload;
    }
}

internal sealed class IndexNode(Node operand, Node index, bool optional) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var value = operand.Evaluate(frame);
        if (value.IsError)
            return value;
        var at = index.Evaluate(frame);
        if (at.IsError)
            return at;
        if (value.Kind == CelKind.Optional)
            return value.TryGetOptional(out var inner) ? Lookup(inner, at, asOptional: true) : CelValue.None;
        return Lookup(value, at, optional);
    }

    private static CelValue Lookup(CelValue value, CelValue at, bool asOptional)
    {
        CelValue found;
        if (value.Kind == CelKind.Map)
        {
            if (!value.AsMap.TryGet(at, out found))
                return asOptional ? CelValue.None : CelValue.Error($"no such key: {at}");
        }
        else if (value.Kind == CelKind.List && TryPosition(at, out var position))
        {
            var list = value.AsList;
            if (position < 0 || position >= list.Count)
                return asOptional ? CelValue.None : CelValue.Error($"index out of bounds: {at}");
            found = list[(int)position];
        }
        else
            return NoSuchOverload;
        return asOptional && !found.IsError ? CelValue.Some(found) : found;
    }

    private static bool TryPosition(CelValue at, out long position)
    {
        position = at.Kind switch
        {
            CelKind.Int => at.AsInt,
            CelKind.Uint => at.AsUint > int.MaxValue ? -1 : (long)at.AsUint,
            CelKind.Double when at.AsDouble == Math.Truncate(at.AsDouble) && Math.Abs(at.AsDouble) < int.MaxValue => (long)at.AsDouble,
            _ => -1,
        };
        return at.Kind is CelKind.Int or CelKind.Uint || (at.Kind == CelKind.Double && at.AsDouble == Math.Truncate(at.AsDouble));
    }
}

/// <summary>A call whose overload is chosen by what the arguments are.</summary>
internal sealed class CallNode(IReadOnlyList<CelOverload> candidates, Node[] arguments) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var values = new CelValue[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
            if (values[i].IsError)
                return values[i];
        }
        foreach (var candidate in candidates)
        {
            if (candidate.Accepts(values))
                return candidate.Body(frame, values);
        }
        return NoSuchOverload;
    }
}

internal sealed class EqualNode(Node left, Node right, bool negated) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Charge(1);
        var a = left.Evaluate(frame);
        if (a.IsError)
            return a;
        var b = right.Evaluate(frame);
        if (b.IsError)
            return b;
        frame.Charge(Costs.OfSize(a));
        return CelValue.Of(a.Equals(b) != negated);
    }
}
