using System.Text.RegularExpressions;

namespace Coxswain.Proxy.Tests;

/// <summary>As much of nft as the order of statements in a transaction needs: what is referred to must exist, what is referred to cannot go.</summary>
internal sealed partial class NftablesModel
{
    private static readonly string[] Fixed = ["mark-for-masquerade", "refuse"];
    private readonly Dictionary<string, List<string>> _chains = Fixed.ToDictionary(c => c, _ => new List<string>());
    private readonly Dictionary<string, Dictionary<string, string>> _maps = new()
    {
        ["service-ips"] = [], ["node-ports"] = [], ["no-endpoint-ips"] = [], ["no-endpoint-node-ports"] = [],
    };
    private readonly Dictionary<string, string> _sets = [];

    public void Run(string transaction)
    {
        foreach (var line in transaction.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ', 6);
            Assert.Equal(("ip", "test_services"), (words[2], words[3]));
            var (name, rest) = (words[4], words.Length > 5 ? words[5] : "");
            switch ($"{words[0]} {words[1]}")
            {
                case "add set": Assert.True(_sets.TryAdd(name, rest), line); break;
                case "delete set": Assert.DoesNotContain(_chains.Values.SelectMany(r => r), r => Refers(r, name)); Assert.True(_sets.Remove(name), line); break;
                case "add chain": Assert.True(_chains.TryAdd(name, []), line); break;
                case "flush chain": _chains[name].Clear(); break;
                case "add rule": AssertRefersToExisting(rest); _chains[name].Add(rest); break;
                case "delete chain":
                    Assert.DoesNotContain(_chains.Values.SelectMany(r => r).Concat(_maps.Values.SelectMany(m => m.Values)), r => Refers(r, name));
                    Assert.True(_chains.Remove(name), line);
                    break;
                case "add element":
                    foreach (var element in Elements(rest))
                    {
                        var parts = element.Split(" : ");
                        AssertRefersToExisting(parts[1]);
                        Assert.True(_maps[name].TryAdd(parts[0], parts[1]), line);
                    }

                    break;
                case "delete element":
                    foreach (var element in Elements(rest))
                        Assert.True(_maps[name].Remove(element), line);
                    break;
                default: Assert.Fail(line); break;
            }
        }
    }

    public void AssertIs(NftablesRuleset wanted)
    {
        Assert.Equal(wanted.Chains.Keys, _chains.Keys.Except(Fixed).Order(StringComparer.Ordinal));
        foreach (var (name, rules) in wanted.Chains)
            Assert.Equal(rules, _chains[name]);
        foreach (var (name, elements) in wanted.Maps)
            Assert.Equal(elements, _maps[name].OrderBy(e => e.Key, StringComparer.Ordinal));
        Assert.Equal(wanted.AffinitySets, _sets.OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    private static string[] Elements(string text) => text.Trim('{', '}', ' ').Split(", ");

    private static bool Refers(string rule, string name) => References().Matches(rule).Any(m => m.Groups[1].Value == name);

    private void AssertRefersToExisting(string rule)
    {
        foreach (Match match in References().Matches(rule))
            Assert.True(_chains.ContainsKey(match.Groups[1].Value) || _sets.ContainsKey(match.Groups[1].Value), rule);
    }

    [GeneratedRegex("(?:goto |jump |@)([A-Za-z0-9_-]+)")]
    private static partial Regex References();
}
