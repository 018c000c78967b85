using System.Runtime.CompilerServices;
using Coxswain.Storage;

namespace Coxswain.ApiServer.Encryption;

/// <summary>A store whose values lie in another one transformed: encrypted, where the configuration says so.</summary>
/// <remarks>
/// <para>Safe for concurrent use, as the store beneath is, which stays its owner's. The configuration can be exchanged at any time: what
/// is written from then on has the new form.</para>
/// <para>A value that cannot be read takes nobody else's with it: its entry says so (<see cref="TransformedEntry.Fault"/>).</para>
/// </remarks>
internal sealed class EncryptedStore(IStore inner, TransformerTable table, TransformationMetrics metrics) : IStore
{
    private TransformerTable _table = table;

    /// <summary>By which key what value is transformed; may be exchanged.</summary>
    public TransformerTable Table
    {
        get => Volatile.Read(ref _table);
        set => Volatile.Write(ref _table, value);
    }

    public TransformationMetrics Metrics => metrics;

    public bool ExpiresKeys => inner.ExpiresKeys;

    public ValueTask<StoreRevisions> GetRevisionsAsync(CancellationToken cancellation) => inner.GetRevisionsAsync(cancellation);

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellation) => Read(await inner.GetAsync(key, cancellation));

    public async ValueTask<StorePage> ListAsync(StoreRange range, StoreListOptions options, CancellationToken cancellation)
    {
        var page = await inner.ListAsync(range, options, cancellation);
        var entries = new StoreEntry[page.Entries.Count];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = Read(page.Entries[i])!;
        return page with { Entries = entries };
    }

    public async ValueTask<WriteResult> WriteAsync(StoreWrite write, CancellationToken cancellation)
    {
        if (write.Value is not { } value)
        {
            var deleted = await inner.WriteAsync(write, cancellation);
            return deleted with { Entry = Read(deleted.Entry) };
        }

        var result = await inner.WriteAsync(write with { Value = Table.For(write.Key).Write(value, write.Key) }, cancellation);
        return result with { Entry = result.Committed && result.Entry is { } entry ? entry with { Value = value } : Read(result.Entry) };
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(StoreRange range, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in inner.WatchAsync(range, after, cancellation))
        {
            yield return batch.Changes.Count == 0
                ? batch
                : batch with { Changes = [.. batch.Changes.Select(change => change with { Before = Read(change.Before), After = Read(change.After) })] };
        }
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellation) => inner.CompactAsync(revision, cancellation);

    public ValueTask DisposeAsync() => default;

    private StoreEntry? Read(StoreEntry? entry)
    {
        if (entry is null || Table.For(entry.Key) is var form && ReferenceEquals(form, IdentityTransformer.Instance) && !entry.Value.Span.StartsWith("k8s:enc:"u8))
            return entry;
        try
        {
            var (value, stale) = form.Read(entry.Value, entry.Key);
            return stale ? new TransformedEntry(entry.Key, value, entry.CreateRevision, entry.ModRevision) : entry with { Value = value };
        }
        catch (TransformException error)
        {
            return new TransformedEntry(entry.Key, entry.Value, entry.CreateRevision, entry.ModRevision)
            {
                Fault = $"unable to transform key {Api.GoText.Quote(entry.Key)}: {error.Message}",
            };
        }
    }
}

/// <summary>An entry whose value a write would store in another form, even if it says the same; or whose value cannot be read.</summary>
internal sealed record TransformedEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision)
    : StoreEntry(Key, Value, CreateRevision, ModRevision)
{
    /// <summary>Null: the value can be read. Otherwise why not; the value is as it lies in the store.</summary>
    public string? Fault { get; init; }
}
