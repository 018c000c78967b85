using Coxswain.Cel.Planning;
using Coxswain.Cel.Syntax;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Order, membership and size.</summary>
internal static class Relations
{
    private static readonly CelType A = CelType.Parameter("A");
    private static readonly CelType B = CelType.Parameter("B");
    private static readonly CelType[] Numbers = [CelType.Int, CelType.Uint, CelType.Double];

    public static IEnumerable<CelOverload> Overloads =>
    [
        .. Order(Operators.Less, order => order < 0), .. Order(Operators.LessOrEqual, order => order <= 0),
        .. Order(Operators.Greater, order => order > 0), .. Order(Operators.GreaterOrEqual, order => order >= 0),
        Global(Operators.In, CelType.Bool, InList, A, CelType.List(A)),
        Global(Operators.In, CelType.Bool, (_, a) => CelValue.Of(a[1].AsMap.TryGet(a[0], out var _)), A, CelType.Map(A, B)),
        .. Size(CelType.String, value => Runes.Count(value.AsString), value => Costs.OfText(value.AsString.Length)),
        .. Size(CelType.Bytes, value => value.AsBytes.Length, _ => 0),
        .. Size(CelType.List(A), value => value.AsList.Count, _ => 0),
        .. Size(CelType.Map(A, B), value => value.AsMap.Count, _ => 0),
    ];

    /// <summary>Less, equal or greater. Null: these two have no order.</summary>
    public static int? Compare(CelValue a, CelValue b)
    {
        if (a.IsNumber && b.IsNumber)
            return CelNumbers.TryCompare(a, b, out var order) ? order : null;
        if (a.Kind != b.Kind)
            return null;
        return a.Kind switch
        {
            CelKind.Bool => a.AsBool.CompareTo(b.AsBool),
            CelKind.String => Runes.Compare(a.AsString, b.AsString),
            CelKind.Bytes => a.AsBytes.AsSpan().SequenceCompareTo(b.AsBytes),
            CelKind.Timestamp => a.AsTimestamp.CompareTo(b.AsTimestamp),
            CelKind.Duration => a.AsDuration.CompareTo(b.AsDuration),
            _ => null,
        };
    }

    private static IEnumerable<CelOverload> Order(string name, Func<int, bool> holds)
    {
        CelFunctionBody body = (frame, a) =>
        {
            frame.Charge(Costs.OfSize(a[0]));
            return Compare(a[0], a[1]) is { } order ? CelValue.Of(holds(order)) : CelValue.False;
        };
        foreach (var left in Numbers)
        {
            foreach (var right in Numbers)
                yield return Global(name, CelType.Bool, body, left, right);
        }
        foreach (var type in (CelType[])[CelType.Bool, CelType.String, CelType.Bytes, CelType.Timestamp, CelType.Duration])
            yield return Global(name, CelType.Bool, body, type, type);
    }

    private static CelValue InList(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        foreach (var item in a[1].AsList)
        {
            frame.Charge(1 + Costs.OfSize(item));
            if (item.Equals(a[0]))
                return CelValue.True;
        }
        return CelValue.False;
    }

    private static IEnumerable<CelOverload> Size(CelType type, Func<CelValue, int> size, Func<CelValue, long> cost)
    {
        CelFunctionBody body = (frame, a) =>
        {
            frame.Charge(cost(a[0]));
            return CelValue.Of((long)size(a[0]));
        };
        yield return Global("size", CelType.Int, body, type);
        yield return Member("size", CelType.Int, body, type);
    }
}
