namespace Coxswain.Cel.Planning;

/// <summary>
/// <c>&amp;&amp;</c> and <c>||</c>: one side that decides makes the other's failure irrelevant, on whichever side it stands
/// (CEL language definition, "Logical operators").
/// </summary>
internal sealed class LogicNode(Node left, Node right, bool deciding) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        var a = left.Evaluate(frame);
        if (a.Kind == CelKind.Bool && a.AsBool == deciding)
            return a;
        var b = right.Evaluate(frame);
        if (b.Kind == CelKind.Bool && b.AsBool == deciding)
            return b;
        if (a.Kind == CelKind.Bool && b.Kind == CelKind.Bool)
            return CelValue.Of(!deciding);
        return a.IsError ? a : b.IsError ? b : NoSuchOverload;
    }
}

internal sealed class ConditionalNode(Node condition, Node then, Node otherwise) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        var value = condition.Evaluate(frame);
        return value.Kind switch
        {
            CelKind.Bool => value.AsBool ? then.Evaluate(frame) : otherwise.Evaluate(frame),
            CelKind.Error => value,
            _ => NoSuchOverload,
        };
    }
}

internal sealed class BindingNode(int slot, Node value, Node body) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        frame.Local(slot) = value.Evaluate(frame);
        return body.Evaluate(frame);
    }
}

internal sealed class OptionalMapNode(Node operand, int slot, Node body, bool flat) : Node
{
    public override CelValue Evaluate(CelFrame frame)
    {
        var value = operand.Evaluate(frame);
        if (value.IsError)
            return value;
        if (value.Kind != CelKind.Optional)
            return NoSuchOverload;
        if (!value.TryGetOptional(out var inner))
            return CelValue.None;
        frame.Local(slot) = inner;
        var result = body.Evaluate(frame);
        if (result.IsError || flat)
            return result.IsError || result.Kind == CelKind.Optional ? result : NoSuchOverload;
        return CelValue.Some(result);
    }
}
