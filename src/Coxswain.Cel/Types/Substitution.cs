namespace Coxswain.Cel.Types;

/// <summary>What the type parameters of one call turned out to be.</summary>
internal sealed class Substitution
{
    private readonly Dictionary<string, CelType> bound = new(StringComparer.Ordinal);

    /// <summary>Whether an argument of a type fits a parameter. Unknown types fit everywhere: they are judged at run time.</summary>
    public bool Fits(CelType parameter, CelType argument)
    {
        if (parameter.Kind == CelTypeKind.Parameter)
        {
            if (!bound.TryGetValue(parameter.Name, out var known))
            {
                bound[parameter.Name] = argument;
                return true;
            }
            if (Fits(known, argument))
                return true;
            // [null] and [x], or an int where a dyn was: the wider of the two.
            if (!Fits(argument, known))
                return false;
            bound[parameter.Name] = argument;
            return true;
        }
        if (parameter.Kind == CelTypeKind.Dyn || argument.Kind == CelTypeKind.Dyn)
            return true;
        if (argument.Kind == CelTypeKind.Null)
            return parameter.Kind is CelTypeKind.Null or CelTypeKind.Object or CelTypeKind.Opaque or CelTypeKind.Timestamp or CelTypeKind.Duration;
        if (parameter.Kind == CelTypeKind.Null)
            return argument.Kind is CelTypeKind.Object or CelTypeKind.Opaque or CelTypeKind.Timestamp or CelTypeKind.Duration;
        if (parameter.Kind != argument.Kind)
            return false;
        if (parameter.Kind is CelTypeKind.Object or CelTypeKind.Opaque && parameter.Name != argument.Name)
            return false;
        for (var i = 0; i < parameter.Parameters.Count; i++)
        {
            if (!Fits(parameter.Parameters[i], argument.Parameters[i]))
                return false;
        }
        return true;
    }

    /// <summary>The type with its parameters replaced; what stayed open is dyn.</summary>
    public CelType Apply(CelType type) => type.Kind switch
    {
        CelTypeKind.Parameter => bound.TryGetValue(type.Name, out var known) ? known : CelType.Dyn,
        CelTypeKind.List => CelType.List(Apply(type.Parameters[0])),
        CelTypeKind.Map => CelType.Map(Apply(type.Parameters[0]), Apply(type.Parameters[1])),
        CelTypeKind.Optional => CelType.Optional(Apply(type.Parameters[0])),
        CelTypeKind.Type => CelType.TypeOf(Apply(type.Parameters[0])),
        _ => type,
    };

    /// <summary>The type of what is one or the other: the same one, or dyn.</summary>
    public static CelType Join(CelType a, CelType b)
    {
        if (a.Equals(b))
            return a;
        if (a.Kind == CelTypeKind.Null && new Substitution().Fits(b, a))
            return b;
        if (b.Kind == CelTypeKind.Null && new Substitution().Fits(a, b))
            return a;
        if (a.Kind == b.Kind && a.Parameters.Count > 0 && a.Parameters.Count == b.Parameters.Count)
        {
            return a.Kind switch
            {
                CelTypeKind.List => CelType.List(Join(a.Parameters[0], b.Parameters[0])),
                CelTypeKind.Map => CelType.Map(Join(a.Parameters[0], b.Parameters[0]), Join(a.Parameters[1], b.Parameters[1])),
                CelTypeKind.Optional => CelType.Optional(Join(a.Parameters[0], b.Parameters[0])),
                _ => CelType.Dyn,
            };
        }
        return CelType.Dyn;
    }
}
