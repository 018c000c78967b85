using Coxswain.Api.Core.V1;

namespace Coxswain.Api.Tests;

public sealed class CollectionTests
{
    [Fact]
    public void An_absent_list_reads_as_empty_and_equals_it()
    {
        ApiList<string> absent = default;
        Assert.True(absent.IsAbsent);
        Assert.Empty(absent);
        Assert.Equal(absent, []);
        Assert.False(((ApiList<string>)[]).IsAbsent);
        Assert.Equal(absent.GetHashCode(), ((ApiList<string>)[]).GetHashCode());
        Assert.Throws<ArgumentOutOfRangeException>(() => absent[0]);
    }

    [Fact]
    public void A_changed_list_is_a_new_one()
    {
        ApiList<int> list = [1, 2, 3];
        Assert.Equal([1, 2, 3, 4], list.Add(4));
        Assert.Equal([1, 9, 3], list.SetItem(1, 9));
        Assert.Equal([1, 3], list.RemoveAt(1));
        Assert.Equal([1, 2, 3, 5, 6], list.AddRange([5, 6]));
        Assert.Equal([1, 2, 3], list);
        Assert.Throws<ArgumentOutOfRangeException>(() => list.SetItem(3, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAt(-1));
    }

    [Fact]
    public void Maps_are_equal_whatever_their_order()
    {
        var a = new Dictionary<string, int> { ["x"] = 1, ["y"] = 2 }.ToApiMap();
        var b = new Dictionary<string, int> { ["y"] = 2, ["x"] = 1 }.ToApiMap();
        Assert.Equal(a, b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
        Assert.NotEqual(a, b.With("x", 3));
        Assert.NotEqual(a, b.Without("x"));
        Assert.Equal(default, ApiMap.Of("x", 1).Without("x"));
    }

    [Fact]
    public void A_changed_map_is_a_new_one()
    {
        var map = ApiMap.Of("a", 1);
        Assert.Equal(2, map.With("b", 2).Count);
        Assert.Equal(5, map.With("a", 5)["a"]);
        Assert.Equal(1, map["a"]);
        Assert.Equal(map, map.Without("z"));
        Assert.Equal(0, default(ApiMap<int>).GetValueOrDefault("a"));
        Assert.False(default(ApiMap<int>).ContainsKey("a"));
        Assert.Throws<KeyNotFoundException>(() => default(ApiMap<int>)["a"]);
    }

    [Fact]
    public void A_map_of_many_entries_finds_each_and_keeps_the_last_of_a_key()
    {
        var random = new Random(7);
        var entries = Enumerable.Range(0, 500).Select(i => KeyValuePair.Create("k" + random.Next(300), i)).ToList();
        var expected = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (key, value) in entries)
            expected[key] = value;

        var map = entries.ToApiMap();

        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), map.Keys);
        Assert.All(expected, entry => Assert.Equal(entry.Value, map[entry.Key]));
        Assert.False(map.ContainsKey("k"));
        Assert.False(map.ContainsKey("zzz"));
        Assert.Equal(map, expected.Aggregate(default(ApiMap<int>), (m, e) => m.With(e.Key, e.Value)));
        Assert.Equal(default, expected.Keys.Aggregate(map, (m, key) => m.Without(key)));
    }

    [Fact]
    public void Records_are_equal_by_content()
    {
        static Pod Make() => new()
        {
            Metadata = new() { Name = "a", Labels = ApiMap.Of("k", "v") },
            Spec = new() { Containers = [new() { Name = "c", Command = ["x"], Env = [new() { Name = "e" }] }] },
        };
        Assert.Equal(Make(), Make());
        Assert.Equal(Make().GetHashCode(), Make().GetHashCode());
        Assert.NotEqual(Make(), Make() with { Metadata = new() { Name = "a" } });
    }

    [Fact]
    public void Bytes_and_raw_json_are_equal_by_content_and_bytes_do_not_print()
    {
        Assert.Equal(ByteString.FromUtf8("ab"), ByteString.Copy("ab"u8));
        Assert.Equal("2 bytes", ByteString.FromUtf8("ab").ToString());
        Assert.Equal(RawJson.FromText("{\"a\":1}"), RawJson.Copy("{\"a\":1}"u8));
        Assert.Null(default(RawJson).ToNode());
        Assert.Equal(1, (int)RawJson.FromText("{\"a\":1}").ToNode()!["a"]!);
    }

    [Fact]
    public void Keys_are_ordered_by_their_bytes()
    {
        var keys = new Dictionary<string, int> { ["😀"] = 1, ["\uffee"] = 2, ["b"] = 3, ["a"] = 4 }.ToApiMap().Keys;
        Assert.Equal(["a", "b", "\uffee", "😀"], keys);
    }
}
