using System.Globalization;

namespace Coxswain.Storage;

/// <summary>Brings a store to a revision, so that clients never see time go backwards.</summary>
public static class RevisionRaiser
{
    private const int Writers = 64;

    /// <summary>Moves the store on, or, where its revisions only come from writes (etcd), writes a few scratch keys again and again,
    /// which are deleted at the end.</summary>
    /// <param name="scratch">The prefix of the scratch keys.</param>
    /// <param name="progress">Told of the revision reached, now and then.</param>
    public static async Task RaiseAsync(IStore store, long revision, string scratch, IProgress<long>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (store is IRevisionAdvance jumping)
        {
            await jumping.AdvanceAsync(revision, cancellation);
            return;
        }

        var current = (await store.GetRevisionsAsync(cancellation)).Current;
        if (current >= revision)
            return;
        var writers = (int)Math.Min(Writers, revision - current);
        var reached = current;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(number => WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{scratch}{number}"))));

        async Task WriteAsync(string key)
        {
            var expected = (await store.GetAsync(key, cancellation))?.ModRevision ?? 0;
            while (Volatile.Read(ref reached) < revision)
            {
                var result = await store.WriteAsync(new(key, expected, ReadOnlyMemory<byte>.Empty), cancellation);
                expected = result.Entry?.ModRevision ?? 0;
                Reached(result.Revision);
            }

            if (expected != 0)
                await store.WriteAsync(new(key, expected, Value: null), cancellation);
        }

        void Reached(long now)
        {
            var before = Volatile.Read(ref reached);
            while (now > before)
            {
                var seen = Interlocked.CompareExchange(ref reached, now, before);
                if (seen == before)
                {
                    if (now / 10_000 != before / 10_000)
                        progress?.Report(now);
                    return;
                }

                before = seen;
            }
        }
    }
}
