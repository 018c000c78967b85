namespace Coxswain.Storage.Tests;

public sealed class SortedTreeTests
{
    private sealed record Item(string Key, int Value) : IKeyed;

    [Fact]
    public void Random_changes_agree_with_a_sorted_dictionary_and_never_touch_a_snapshot()
    {
        var random = new Random(7);
        var model = new SortedDictionary<string, Item>(StringComparer.Ordinal);
        var tree = SortedTree<Item>.Empty;
        SortedTree<Item>? snapshot = null;
        Item[] kept = [];
        for (var step = 0; step < 20_000; step++)
        {
            // The share of removals swings, so that the tree grows to several levels and shrinks again.
            var key = $"/k/{random.Next(4000):x}";
            if (random.Next(100) < (step / 5000 % 2 == 0 ? 20 : 80))
            {
                tree = tree.Remove(key);
                model.Remove(key);
            }
            else
            {
                tree = tree.Set(new(key, step));
                model[key] = new(key, step);
            }

            if (step % 997 == 0)
            {
                if (snapshot is not null)
                    Assert.Equal(kept, snapshot);
                Assert.Equal(model.Values, tree);
                Assert.Equal(model.Count, tree.Count);
                (snapshot, kept) = (tree, [.. tree]);
                var (from, to) = ($"/k/{random.Next(4000):x}", $"/k/{random.Next(4000):x}");
                var expected = model.Values
                    .Where(item => string.CompareOrdinal(item.Key, from) >= 0 && string.CompareOrdinal(item.Key, to) < 0).ToArray();
                Assert.Equal(expected, tree.Range(new(from, to)));
                Assert.Equal(expected.Length, tree.CountRange(new(from, to)));
                Assert.Equal(expected.Skip(1), expected.Length == 0 ? [] : tree.Range(new(from, to), after: expected[0].Key));
            }

            Assert.Equal(model.GetValueOrDefault(key), tree.Find(key));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(10_000)]
    public void A_tree_built_from_ordered_items_holds_them(int count)
    {
        var items = Enumerable.Range(0, count).Select(i => new Item($"{i:d6}", i)).ToArray();
        var tree = SortedTree<Item>.FromOrdered(items);

        Assert.Equal(items, tree);
        Assert.Equal(count, tree.Count);
        Assert.All(items, item => Assert.Same(item, tree.Find(item.Key)));
        Assert.Equal(count + 1, tree.Set(new("999999", 1)).Count);
    }

    [Fact]
    public void Items_out_of_order_are_refused() =>
        Assert.Throws<ArgumentException>(() => SortedTree<Item>.FromOrdered([new("b", 1), new("a", 1)]));
}
