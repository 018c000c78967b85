using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Values that may be absent.</summary>
internal static class Optionals
{
    private static readonly CelType A = CelType.Parameter("A");
    private static readonly CelType Optional = CelType.Optional(A);

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("optional.of", Optional, (_, a) => CelValue.Some(a[0]), A),
        Global("optional.ofNonZeroValue", Optional, (_, a) => a[0].IsZero ? CelValue.None : CelValue.Some(a[0]), A),
        Global("optional.none", Optional, (_, _) => CelValue.None),
        Member("hasValue", CelType.Bool, (_, a) => CelValue.Of(a[0].TryGetOptional(out var _)), Optional),
        Member("value", A, (_, a) => a[0].TryGetOptional(out var value) ? value : CelValue.Error("optional.none() dereference"), Optional),
        Member("orValue", A, (_, a) => a[0].TryGetOptional(out var value) ? value : a[1], Optional, A),
        Member("or", Optional, (_, a) => a[0].TryGetOptional(out var _) ? a[0] : a[1], Optional, Optional),
    ];
}
