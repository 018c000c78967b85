using Coxswain.Cel.Planning;
using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Functions on lists: Kubernetes' lists library.</summary>
internal static class Collections
{
    private static readonly CelType A = CelType.Parameter("A");
    private static readonly CelType[] Comparable =
        [CelType.Int, CelType.Uint, CelType.Double, CelType.Bool, CelType.Duration, CelType.Timestamp, CelType.String, CelType.Bytes];

    public static IEnumerable<CelOverload> Overloads =>
    [
        .. Comparable.Select(type => Member("isSorted", CelType.Bool, IsSorted, CelType.List(type))),
        .. Comparable.Select(type => Member("min", type, (frame, a) => Extreme(frame, a[0].AsList, "min", -1), CelType.List(type))),
        .. Comparable.Select(type => Member("max", type, (frame, a) => Extreme(frame, a[0].AsList, "max", 1), CelType.List(type))),
        Sum(CelType.Int, CelValue.Of(0L)), Sum(CelType.Uint, CelValue.Of(0UL)), Sum(CelType.Double, CelValue.Of(0.0)), Sum(CelType.Duration, CelValue.Of(TimeSpan.Zero)),
        Member("indexOf", CelType.Int, (frame, a) => Find(frame, a[0].AsList, a[1], last: false), CelType.List(A), A),
        Member("lastIndexOf", CelType.Int, (frame, a) => Find(frame, a[0].AsList, a[1], last: true), CelType.List(A), A),
    ];

    private static CelValue IsSorted(CelFrame frame, ReadOnlySpan<CelValue> a)
    {
        var list = a[0].AsList;
        frame.Charge(list.Count);
        for (var i = 1; i < list.Count; i++)
        {
            if (Relations.Compare(list[i - 1], list[i]) is not { } order)
                return CelValue.Error("no such overload");
            if (order > 0)
                return CelValue.False;
        }
        return CelValue.True;
    }

    private static CelValue Extreme(CelFrame frame, CelList list, string name, int direction)
    {
        frame.Charge(list.Count);
        if (list.Count == 0)
            return CelValue.Error($"{name} called on empty list");
        var best = list[0];
        foreach (var item in list)
        {
            if (Relations.Compare(item, best) is not { } order)
                return CelValue.Error("no such overload");
            if (order * direction > 0)
                best = item;
        }
        return best;
    }

    private static CelOverload Sum(CelType type, CelValue zero)
    {
        var add = Arithmetic.Overloads.First(overload =>
            overload.Name == Syntax.Operators.Add && overload.Parameters[0].Equals(type) && overload.Parameters[1].Equals(type)).Body;
        return Member("sum", type, (frame, a) =>
        {
            var total = zero;
            foreach (var item in a[0].AsList)
            {
                frame.Charge(1);
                if (item.Kind != zero.Kind)
                    return CelValue.Error("no such overload");
                total = add(frame, [total, item]);
                if (total.IsError)
                    return total;
            }
            return total;
        }, CelType.List(type));
    }

    private static CelValue Find(CelFrame frame, CelList list, CelValue item, bool last)
    {
        frame.Charge(list.Count * (1 + Costs.OfSize(item)));
        for (var i = 0; i < list.Count; i++)
        {
            var at = last ? list.Count - 1 - i : i;
            if (list[at].Equals(item))
                return CelValue.Of((long)at);
        }
        return CelValue.Of(-1L);
    }
}
