using System.Runtime.CompilerServices;
using Coxswain.Api;
using Coxswain.ApiServer.Encryption;
using Coxswain.Storage;

namespace Coxswain.ApiServer.CustomResources;

/// <summary>The store as one version of a custom resource sees it: what is stored in other versions is converted by a webhook on its
/// way out, and what is written is converted into the storage version on its way in.</summary>
/// <remarks>Safe for concurrent use, as the store beneath is, which stays its owner's. If the webhook fails, reading fails with it, and a
/// watch ends, so that it is tried again from where it stood: nothing is shown unconverted or left out.</remarks>
internal sealed class ConvertingStore(IStore inner, ConversionWebhook webhook, string served, string stored) : IStore
{
    public bool ExpiresKeys => inner.ExpiresKeys;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) =>
        await inner.GetAsync(key, cancellation) is { } entry ? (await ConvertAsync([entry], cancellation))[0] : null;

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        var page = await inner.ListAsync(range, options, cancellation);
        return page with { Entries = await ConvertAsync(page.Entries, cancellation) };
    }

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        if (write.Value is { } value && VersionOf(value) != stored)
            write = write with { Value = (await webhook.ConvertAsync([value], stored, cancellation))[0] };
        return await inner.WriteAsync(write, cancellation);
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in inner.WatchAsync(range, after, cancellation))
        {
            if (batch.Changes.Count == 0)
            {
                yield return batch;
                continue;
            }

            StoreEntry[] made = [.. batch.Changes.Where(change => change.After is not null).Select(change => change.After!)];
            var converted = await ConvertAsync(made, cancellation);
            var changes = new List<StoreChange>(batch.Changes.Count);
            var next = 0;
            foreach (var change in batch.Changes)
                changes.Add(change.After is null ? change : change with { After = converted[next++] });
            yield return batch with { Changes = changes };
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

    public ValueTask DisposeAsync() => default;

    private async Task<IReadOnlyList<StoreEntry>> ConvertAsync(IReadOnlyList<StoreEntry> entries, CancellationToken cancellation)
    {
        var others = new List<int>();
        StoreEntry[]? result = null;
        for (var i = 0; i < entries.Count; i++)
        {
            // What cannot be read has no version; whoever decodes it says why.
            if (entries[i] is TransformedEntry { Fault: not null })
                continue;
            var version = VersionOf(entries[i].Value);
            if (version != served)
                others.Add(i);

            // A write would store it in the storage version.
            if (version != stored && entries[i] is not TransformedEntry)
                (result ??= [.. entries])[i] = new TransformedEntry(entries[i].Key, entries[i].Value, entries[i].CreateRevision, entries[i].ModRevision);
        }

        if (others.Count == 0)
            return result ?? entries;
        result ??= [.. entries];
        var converted = await webhook.ConvertAsync([.. others.Select(i => entries[i].Value)], served, cancellation);
        for (var i = 0; i < others.Count; i++)
            result[others[i]] = result[others[i]] with { Value = converted[i] };
        return result;
    }

    private static string VersionOf(ReadOnlyMemory<byte> document) => DocumentHeader.Read(document.Span).ApiVersion;
}
