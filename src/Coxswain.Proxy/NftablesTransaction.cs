using System.Collections.Immutable;
using System.Text;

namespace Coxswain.Proxy;

/// <summary>The text of one atomic nftables transaction that leads from one ruleset to another.</summary>
public static class NftablesTransaction
{
    /// <summary>Empty when nothing has changed.</summary>
    /// <remarks>Order matters to nft within the transaction: what is referred to must exist, and nothing that is referred to can be
    /// deleted. So: new sets and chains, then the content of chains, then map elements, then what is no longer needed.</remarks>
    public static string Between(NftablesRuleset before, NftablesRuleset after)
    {
        var table = $"ip {after.Table}";
        var text = new StringBuilder();

        foreach (var (name, definition) in after.AffinitySets)
        {
            if (!before.AffinitySets.TryGetValue(name, out var old))
                text.Append($"add set {table} {name} {definition}\n");
            else if (old != definition)
                RedefineSet(text, table, name, definition, before);
        }

        foreach (var name in after.Chains.Keys)
        {
            if (!before.Chains.ContainsKey(name))
                text.Append($"add chain {table} {name}\n");
        }

        foreach (var (name, rules) in after.Chains)
        {
            if (before.Chains.TryGetValue(name, out var old) && old.SequenceEqual(rules, StringComparer.Ordinal) && !UsesRedefinedSet(rules, before, after))
                continue;
            if (before.Chains.ContainsKey(name))
                text.Append($"flush chain {table} {name}\n");
            foreach (var rule in rules)
                text.Append($"add rule {table} {name} {rule}\n");
        }

        foreach (var (map, elements) in after.Maps)
        {
            var old = before.Maps.GetValueOrDefault(map) ?? ImmutableSortedDictionary<string, string>.Empty;
            var gone = old.Where(e => !elements.TryGetValue(e.Key, out var verdict) || verdict != e.Value).Select(e => e.Key).ToList();
            if (gone.Count > 0)
                text.Append($"delete element {table} {map} {{ {string.Join(", ", gone)} }}\n");
            var come = elements.Where(e => !old.TryGetValue(e.Key, out var verdict) || verdict != e.Value)
                .Select(e => $"{e.Key} : {e.Value}").ToList();
            if (come.Count > 0)
                text.Append($"add element {table} {map} {{ {string.Join(", ", come)} }}\n");
        }

        var leaving = before.Chains.Keys.Where(name => !after.Chains.ContainsKey(name)).ToList();
        foreach (var name in leaving)
            text.Append($"flush chain {table} {name}\n");
        foreach (var name in leaving)
            text.Append($"delete chain {table} {name}\n");
        foreach (var name in before.AffinitySets.Keys)
        {
            if (!after.AffinitySets.ContainsKey(name))
                text.Append($"delete set {table} {name}\n");
        }

        return text.ToString();
    }

    private static bool UsesRedefinedSet(ImmutableArray<string> rules, NftablesRuleset before, NftablesRuleset after) =>
        rules.Any(rule => after.AffinitySets.Any(s =>
            before.AffinitySets.TryGetValue(s.Key, out var old) && old != s.Value && rule.Contains('@' + s.Key, StringComparison.Ordinal)));

    /// <summary>A set's time-out cannot be changed: the chains that use it let go of it, and it is made anew.</summary>
    private static void RedefineSet(StringBuilder text, string table, string name, string definition, NftablesRuleset before)
    {
        foreach (var (chain, rules) in before.Chains)
        {
            if (rules.Any(r => r.Contains('@' + name, StringComparison.Ordinal)))
                text.Append($"flush chain {table} {chain}\n");
        }

        text.Append($"delete set {table} {name}\nadd set {table} {name} {definition}\n");
    }
}
