using static Coxswain.ApiServer.Tests.Cache.CacheFixture;

namespace Coxswain.ApiServer.Tests.Cache;

/// <summary>Which objects of a cache stay decoded.</summary>
public sealed class DecodedObjectsTests
{
    [Fact]
    public async Task The_oldest_are_forgotten_and_decoded_anew_for_who_asks()
    {
        await using var fixture = new CacheFixture(options: new() { DecodedBytes = 1 });
        await fixture.Cache.ReadyAsync(Cancellation);
        await fixture.PutAsync("a");
        await fixture.PutAsync("b", app: "db");
        await fixture.Cache.CatchUpAsync(Cancellation);

        var a = fixture.Cache.Snapshot().Find(Key("a"))!;
        var read = fixture.Decoder.Reads;
        var value = a.Object;
        Assert.Equal(read + 1, fixture.Decoder.Reads);
        Assert.Same(a.Metadata, value.Metadata);
        Assert.Equal("web", value.Metadata.Labels["app"]);

        // It was the last to be asked for, so it is there now, and the other one is not.
        Assert.Same(value, a.Object);
        Assert.Equal("db", fixture.Cache.Snapshot().Find(Key("b"))!.Object.Metadata.Labels["app"]);
        Assert.Equal(read + 2, fixture.Decoder.Reads);
    }

    [Fact]
    public async Task All_stay_where_somebody_holds_them_all()
    {
        await using var fixture = new CacheFixture(options: new() { DecodedBytes = 1 });
        await fixture.Cache.ReadyAsync(Cancellation);
        fixture.Cache.KeepDecoded();
        await fixture.PutAsync("a");
        await fixture.PutAsync("b");
        await fixture.Cache.CatchUpAsync(Cancellation);

        Assert.Equal(2, fixture.Cache.Snapshot().Range(Prefix).Count(cached => cached.Object.Metadata.Name == cached.Name));
        Assert.Equal(0, fixture.Decoder.Reads);
    }

    [Fact]
    public async Task A_state_of_the_past_between_those_that_are_kept_is_made_of_them()
    {
        await using var fixture = new CacheFixture();
        await fixture.Cache.ReadyAsync(Cancellation);
        var revisions = new List<long>();
        for (var i = 0; i < 50; i++)
            revisions.Add(i % 3 == 2 ? await fixture.DeleteAsync($"{i - 1:d2}") : await fixture.PutAsync($"{i:d2}"));
        await fixture.Cache.CatchUpAsync(Cancellation);

        var names = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 50; i++)
        {
            _ = i % 3 == 2 ? names.Remove($"{i - 1:d2}") : names.Add($"{i:d2}");
            Assert.Equal(names, fixture.Cache.SnapshotAt(revisions[i])!.Range(Prefix).Select(cached => cached.Name));
        }
    }
}
