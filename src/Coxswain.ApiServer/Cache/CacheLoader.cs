using System.Collections.Concurrent;
using Coxswain.Storage;
using Microsoft.Extensions.Logging;

namespace Coxswain.ApiServer.Cache;

/// <summary>All objects of one kind at one revision, as they came from the store.</summary>
/// <param name="Undecodable">Keys whose value cannot be read, with the reason.</param>
internal sealed record LoadedState(
    SortedTree<CachedObject> Objects, long Bytes, long Revision, IReadOnlyDictionary<string, string> Undecodable);

/// <summary>Reads the objects of one kind from the store.</summary>
internal sealed partial class CacheLoader(IStore store, string keyPrefix, IObjectDecoder decoder, ILogger log)
{
    /// <summary>Shorter lists are decoded sooner by one core than by waking the others.</summary>
    private const int ParallelDecode = 512;

    /// <summary>Lists and decodes, on all cores if the list is long.</summary>
    /// <param name="known">What is here at the same revision is taken over: those who hold it share it.</param>
    /// <param name="revision">0: the newest.</param>
    /// <exception cref="CompactedException">The revision is gone.</exception>
    public async Task<LoadedState> LoadAsync(SortedTree<CachedObject> known, long revision, CancellationToken cancellation)
    {
        var page = await store.ListAsync(StoreRange.Prefix(keyPrefix), new(revision), cancellation);
        var decoded = new CachedObject?[page.Entries.Count];
        var undecodable = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);

        void DecodeOne(int index)
        {
            var entry = page.Entries[index];
            decoded[index] = known.Find(entry.Key) is { } same && same.Revision == entry.ModRevision ? same : Decode(entry, undecodable);
        }

        if (decoded.Length < ParallelDecode)
        {
            for (var i = 0; i < decoded.Length; i++)
                DecodeOne(i);
        }
        else
        {
            Parallel.For(0, decoded.Length, DecodeOne);
        }

        var objects = new List<CachedObject>(decoded.Length);
        foreach (var cached in decoded)
        {
            if (cached is not null)
                objects.Add(cached);
        }

        var bytes = objects.Sum(cached => (long)cached.JsonLength);
        return new(SortedTree<CachedObject>.FromOrdered(objects), bytes, page.Revision, undecodable);
    }

    /// <summary>Decodes one value; null if it cannot be read: one such value must not take its kind from everybody.</summary>
    public CachedObject? Decode(StoreEntry entry, IDictionary<string, string> undecodable)
    {
        try
        {
            return decoder.Decode(entry);
        }
        catch (Exception error)
        {
            undecodable[entry.Key] = error.Message;
            LogUndecodable(error, entry.Key, entry.ModRevision);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "The stored value of {Key} at revision {Revision} cannot be read; it is left out")]
    private partial void LogUndecodable(Exception error, string key, long revision);
}
