using System.Collections.Immutable;

namespace Coxswain.Proxy;

/// <summary>The content of one nftables table as data: chains with their rules, maps and sets with their elements.</summary>
/// <remarks>Two of them can be compared, so that a change costs what has changed and not what there is.</remarks>
public sealed record NftablesRuleset(string Table)
{
    /// <summary>Chain name to its rules, without hook: what other chains jump to. The prelude's own chains are not here.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> Chains { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal);

    /// <summary>Map name to its elements (key to verdict, or key alone with an empty verdict for a set).</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> Maps { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<string, string>>(StringComparer.Ordinal);

    /// <summary>Dynamic sets (session affinity): name to definition. The kernel fills them.</summary>
    public ImmutableSortedDictionary<string, string> AffinitySets { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
