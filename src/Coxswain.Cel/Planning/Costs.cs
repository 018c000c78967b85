namespace Coxswain.Cel.Planning;

/// <summary>Prices of work that grows with its input.</summary>
internal static class Costs
{
    /// <summary>Going over a text costs a tenth of its length.</summary>
    public static long OfText(int length) => 1 + (length / 10);

    /// <summary>Comparing or copying a value.</summary>
    public static long OfSize(CelValue value) => value.Kind switch
    {
        CelKind.String => OfText(value.AsString.Length),
        CelKind.Bytes => OfText(value.AsBytes.Length),
        CelKind.List => 1 + value.AsList.Count,
        CelKind.Map => 1 + value.AsMap.Count,
        _ => 0,
    };
}
