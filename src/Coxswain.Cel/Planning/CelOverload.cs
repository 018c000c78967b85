namespace Coxswain.Cel;

/// <summary>What a function does. Arguments are of the overload's kinds and no errors; a failure is an error value, never an exception.</summary>
public delegate CelValue CelFunctionBody(CelFrame frame, ReadOnlySpan<CelValue> arguments);

/// <summary>One form of a function.</summary>
/// <param name="Name">With its namespace, if any: <c>size</c>, <c>sets.contains</c>.</param>
/// <param name="IsMember">Called as <c>receiver.name(...)</c>; the receiver is the first parameter.</param>
public sealed record CelOverload(string Name, bool IsMember, CelType Result, CelFunctionBody Body, params CelType[] Parameters)
{
    internal bool Accepts(ReadOnlySpan<CelValue> arguments)
    {
        if (arguments.Length != Parameters.Length)
            return false;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!Accepts(Parameters[i], arguments[i]))
                return false;
        }
        return true;
    }

    private static bool Accepts(CelType parameter, in CelValue value) => parameter.Kind switch
    {
        CelTypeKind.Dyn or CelTypeKind.Parameter => true,
        CelTypeKind.Null => value.Kind == CelKind.Null,
        CelTypeKind.Bool => value.Kind == CelKind.Bool,
        CelTypeKind.Int => value.Kind == CelKind.Int,
        CelTypeKind.Uint => value.Kind == CelKind.Uint,
        CelTypeKind.Double => value.Kind == CelKind.Double,
        CelTypeKind.String => value.Kind == CelKind.String,
        CelTypeKind.Bytes => value.Kind == CelKind.Bytes,
        CelTypeKind.Timestamp => value.Kind == CelKind.Timestamp,
        CelTypeKind.Duration => value.Kind == CelKind.Duration,
        CelTypeKind.List => value.Kind == CelKind.List && AcceptsElements(parameter.Parameters[0], value.AsList),
        CelTypeKind.Map or CelTypeKind.Object => value.Kind == CelKind.Map,
        CelTypeKind.Type => value.Kind == CelKind.Type,
        CelTypeKind.Optional => value.Kind == CelKind.Optional,
        _ => value.Kind == CelKind.Opaque && value.AsOpaque.Type.Name == parameter.Name,
    };

    /// <summary>Overloads that differ in their element type only (join, sum) are told apart by the first element.</summary>
    private static bool AcceptsElements(CelType element, CelList list) => list.Count == 0 || Accepts(element, list[0]);
}
