namespace Coxswain.Api;

/// <summary>The order of the UTF-8 bytes of strings, in which Go sorts keys. It differs from the order of UTF-16 units only
/// where surrogates meet the characters above them.</summary>
internal sealed class Utf8Order : IComparer<string>
{
    public static Utf8Order Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var at = x.AsSpan().CommonPrefixLength(y);
        if (at == x.Length || at == y.Length)
            return x.Length - y.Length;
        var (left, right) = (x[at], y[at]);
        var (leftPair, rightPair) = (char.IsSurrogate(left), char.IsSurrogate(right));
        return leftPair == rightPair ? left - right : leftPair ? 1 : -1;
    }
}
