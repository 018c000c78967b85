using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Sqlite;

public sealed class RecentEntriesTests
{
    private static StoreEntry Entry(string key, long revision, int size = 1) => new(key, new byte[size], revision, revision);

    [Fact]
    public void The_newest_entry_of_a_key_is_found_whichever_generation_it_is_in()
    {
        var recent = new RecentEntries(count: 2);
        recent.Set(Entry("/a", 2));
        recent.Set(Entry("/b", 3));
        Assert.Equal(2, recent.Find("/a")!.ModRevision);

        recent.Set(Entry("/a", 4));
        Assert.Equal(4, recent.Find("/a")!.ModRevision);
        recent.Remove("/a");
        Assert.Null(recent.Find("/a"));
        Assert.Equal(3, recent.Find("/b")!.ModRevision);
    }

    [Theory]
    [InlineData(100, long.MaxValue, 1)]
    [InlineData(int.MaxValue, 1000, 10)]
    public void It_never_holds_more_than_two_generations(int count, long bytes, int size)
    {
        var recent = new RecentEntries(count, bytes);
        for (var i = 0; i < 1000; i++)
            recent.Set(Entry($"/{i}", i + 2, size));

        Assert.InRange(Enumerable.Range(0, 1000).Count(i => recent.Find($"/{i}") is not null), 100, 200);
        Assert.NotNull(recent.Find("/999"));
    }

    [Fact]
    public void After_a_rollback_nothing_is_known()
    {
        var recent = new RecentEntries();
        recent.Set(Entry("/a", 2));
        recent.Clear();
        Assert.Null(recent.Find("/a"));
    }
}
