using static Coxswain.Cel.Functions.StandardLibrary;

namespace Coxswain.Cel.Functions;

/// <summary>Lists seen as sets: the sets extension.</summary>
internal static class Sets
{
    private static readonly CelType List = CelType.List(CelType.Parameter("A"));

    public static IEnumerable<CelOverload> Overloads =>
    [
        Set("sets.contains", (a, b) => b.All(item => a.Contains(item))),
        Set("sets.equivalent", (a, b) => b.All(item => a.Contains(item)) && a.All(item => b.Contains(item))),
        Set("sets.intersects", (a, b) => a.Any(item => b.Contains(item))),
    ];

    private static CelOverload Set(string name, Func<CelList, CelList, bool> holds) => Global(name, CelType.Bool, (frame, a) =>
    {
        frame.Charge((long)(1 + a[0].AsList.Count) * (1 + a[1].AsList.Count));
        return CelValue.Of(holds(a[0].AsList, a[1].AsList));
    }, List, List);
}
