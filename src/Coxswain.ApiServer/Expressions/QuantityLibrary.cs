using Coxswain.Api;
using Coxswain.Cel;
using static Coxswain.ApiServer.Expressions.KubernetesLibrary;

namespace Coxswain.ApiServer.Expressions;

/// <summary><c>quantity("1Gi")</c> and what can be asked of it.</summary>
internal static class QuantityLibrary
{
    public static readonly CelType Type = CelType.Opaque("kubernetes.Quantity");

    public static IEnumerable<CelOverload> Overloads =>
    [
        Global("quantity", Type, (_, a) => Quantity.TryParse(a[0].AsString, out var q, out var error) ? Of(q) : CelValue.Error(error), CelType.String),
        Global("isQuantity", CelType.Bool, (_, a) => CelValue.Of(Quantity.TryParse(a[0].AsString, out var _)), CelType.String),
        Member("sign", CelType.Int, (_, a) => CelValue.Of((long)Get(a[0]).Sign), Type),
        Member("isInteger", CelType.Bool, (_, a) => CelValue.Of(Get(a[0]).IsWhole), Type),
        Member("asInteger", CelType.Int,
            (_, a) => Get(a[0]).IsWhole ? CelValue.Of(Get(a[0]).Value) : CelValue.Error("cannot convert value to integer"), Type),
        Member("asApproximateFloat", CelType.Double, (_, a) => CelValue.Of(Get(a[0]).ToDouble()), Type),
        Member("isGreaterThan", CelType.Bool, (_, a) => CelValue.Of(Get(a[0]) > Get(a[1])), Type, Type),
        Member("isLessThan", CelType.Bool, (_, a) => CelValue.Of(Get(a[0]) < Get(a[1])), Type, Type),
        Member("compareTo", CelType.Int, (_, a) => CelValue.Of((long)Get(a[0]).CompareTo(Get(a[1]))), Type, Type),
        Member("add", Type, (_, a) => Of(Get(a[0]) + Get(a[1])), Type, Type),
        Member("add", Type, (_, a) => Of(Get(a[0]) + Quantity.FromValue(a[1].AsInt)), Type, CelType.Int),
        Member("sub", Type, (_, a) => Of(Get(a[0]) - Get(a[1])), Type, Type),
        Member("sub", Type, (_, a) => Of(Get(a[0]) - Quantity.FromValue(a[1].AsInt)), Type, CelType.Int),
    ];

    public static CelValue Of(Quantity quantity) => CelValue.Of(new QuantityValue(quantity));

    private static Quantity Get(CelValue value) => ((QuantityValue)value.AsOpaque).Quantity;

    private sealed record QuantityValue(Quantity Quantity) : ICelOpaque
    {
        public CelType Type => QuantityLibrary.Type;

        public override string ToString() => Quantity.ToString();
    }
}
