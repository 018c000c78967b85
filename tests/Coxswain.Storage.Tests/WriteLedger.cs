using System.Globalization;
using System.Text;

namespace Coxswain.Storage.Tests;

/// <summary>One acknowledged write of a value that tells where it belongs.</summary>
/// <param name="Seed">What the value was made from; negative: a deletion.</param>
public readonly record struct AcknowledgedWrite(long Revision, string Key, long Seed);

/// <summary>Values that tell whether any byte of them is wrong, and the check of a store that was torn from its writers.</summary>
public static class WriteLedger
{
    /// <summary>What stands under a key: long enough to span pages.</summary>
    public static byte[] Value(string key, long seed)
    {
        var text = $"{key}#{seed};";
        return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, 1 + (int)(seed * 7919 % 4000 / text.Length))));
    }

    /// <summary>No acknowledged write is missing, none is there by half, and what is there is what the writes made.</summary>
    /// <param name="since">What was there at this revision has been checked before.</param>
    /// <returns>The newest revision, and all changes since by revision.</returns>
    public static async Task<(long Current, Dictionary<long, StoreChange> Changes)> CheckAsync(
        IStore store, IEnumerable<AcknowledgedWrite> acknowledged, long since, CancellationToken cancellation)
    {
        var (current, compacted) = await store.GetRevisionsAsync(cancellation);
        var from = Math.Max(since, compacted);

        // 1. The revisions are all there, without a gap, and every value is whole.
        var changes = new Dictionary<long, StoreChange>();
        if (current > from)
        {
            await foreach (var batch in store.WatchAsync(StoreRange.Prefix("/"), from, cancellation))
            {
                foreach (var change in batch.Changes)
                    changes.Add(change.Revision, change);
                if (batch.Revision >= current)
                    break;
            }
        }

        Assert.Equal(Math.Max(0, current - from), changes.Count);
        foreach (var change in changes.Values)
            Assert.True(change.After is null || IsWhole(change.After), $"revision {change.Revision} of {change.Key} is half there");

        // 2. Every acknowledged write is among them as it was acknowledged. Of those that were compacted, a key's newest is there still.
        var newest = new Dictionary<string, AcknowledgedWrite>(StringComparer.Ordinal);
        foreach (var write in acknowledged)
        {
            Assert.True(write.Revision <= current, $"revision {write.Revision} of {write.Key} was acknowledged and is missing; the newest is {current}");
            if (write.Revision > from)
                Assert.True(Made(write, changes[write.Revision].Key, changes[write.Revision].After), $"revision {write.Revision} of {write.Key} is not what was acknowledged");
            if (newest.GetValueOrDefault(write.Key).Revision < write.Revision)
                newest[write.Key] = write;
        }

        // 3. What is there now is what the changes made.
        var last = changes.Values.GroupBy(change => change.Key).ToDictionary(group => group.Key, group => group.MaxBy(change => change.Revision)!.After);
        foreach (var (key, entry) in last)
            Assert.Equal(entry, await store.GetAsync(key, cancellation));
        foreach (var write in newest.Values.Where(write => !last.ContainsKey(write.Key)))
            Assert.True(Made(write, write.Key, await store.GetAsync(write.Key, cancellation)), $"{write.Key} is not as it was last acknowledged, at revision {write.Revision}");
        return (current, changes);
    }

    private static bool Made(AcknowledgedWrite write, string key, StoreEntry? entry) =>
        key == write.Key && write.Seed < 0 == entry is null
        && (entry is null || (entry.ModRevision == write.Revision && entry.Value.Span.SequenceEqual(Value(key, write.Seed))));

    private static bool IsWhole(StoreEntry entry)
    {
        var text = Encoding.UTF8.GetString(entry.Value.Span);
        var (mark, end) = (text.IndexOf('#', StringComparison.Ordinal), text.IndexOf(';', StringComparison.Ordinal));
        return mark > 0 && end > mark && text[..mark] == entry.Key
            && long.TryParse(text.AsSpan(mark + 1, end - mark - 1), CultureInfo.InvariantCulture, out var seed)
            && entry.Value.Span.SequenceEqual(Value(entry.Key, seed));
    }
}
