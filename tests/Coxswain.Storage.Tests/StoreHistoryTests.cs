using System.Collections.Concurrent;
using System.Diagnostics;
using Coxswain.Storage.Sqlite;
using Coxswain.Storage.Tests.Sqlite;

namespace Coxswain.Storage.Tests;

/// <summary>Many clients at once on few keys; what each was told, and when, must be explained by one order of all writes.</summary>
/// <remarks>Revisions name that order, so the check is direct: (1) each committed write expected what the write before it on its
/// key left; (2) if one operation ended before another began, their places in the order agree; (3) a read or a lost race shows
/// the newest write of its key at some moment between its begin and its end; (4) a watch shows exactly the committed writes.</remarks>
public sealed class StoreHistoryTests
{
    private const int Clients = 8;
    private const int Operations = 250;
    private static readonly string[] Keys = ["/a", "/b", "/c"];

    [Fact]
    public async Task The_memory_store_is_linearizable()
    {
        await using var store = new MemoryStore();
        await CheckAsync(store);
    }

    [Fact]
    public async Task The_SQLite_store_is_linearizable()
    {
        using var folder = new ScratchFolder();
        await using var store = SqliteStore.Open(folder.Store, new() { LogCount = 64 });
        await CheckAsync(store);
    }

    private static async Task CheckAsync(IStore store)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var history = new ConcurrentBag<Done>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => RunAsync(store, client, history, cancellation), cancellation)));
        var current = (await store.GetRevisionsAsync(cancellation)).Current;
        var writes = history.Where(done => done.Committed).OrderBy(done => done.Revision).ToArray();

        // 1. Every revision is one write, and each expected what the one before it left.
        Assert.Equal(Enumerable.Range(2, writes.Length).Select(i => (long)i), writes.Select(write => write.Revision));
        Assert.Equal(current, writes.Length + 1);
        var newest = Keys.ToDictionary(key => key, _ => 0L);
        foreach (var write in writes)
        {
            Assert.Equal(newest[write.Key], write.Expected);
            newest[write.Key] = write.Seen;
        }

        // 2. The order of revisions agrees with time.
        var latestBegin = 0L;
        foreach (var write in writes)
        {
            Assert.True(write.End > latestBegin, $"revision {write.Revision} ended before an earlier revision began");
            latestBegin = Math.Max(latestBegin, write.Begin);
        }

        // 3. What was seen had been begun, and nothing newer had been finished when the look began.
        foreach (var key in Keys)
        {
            var states = writes.Where(write => write.Key == key).Prepend(new(key, 0, 0, 0, 0, 0, true)).ToArray();
            foreach (var look in history.Where(done => done.Key == key && !done.Committed))
            {
                var explained = false;
                for (var i = 0; i < states.Length && !explained; i++)
                {
                    explained = states[i].Seen == look.Seen && states[i].Begin < look.End
                        && (i + 1 == states.Length || states[i + 1].End > look.Begin);
                }

                Assert.True(explained, $"{key} was seen at {look.Seen} when it cannot have been");
            }
        }

        // 4. The watch tells the same story.
        var watched = new List<(long, string, long)>();
        await foreach (var batch in store.WatchAsync(StoreRange.Prefix("/"), 1, cancellation))
        {
            watched.AddRange(batch.Changes.Select(change => (change.Revision, change.Key, change.After?.ModRevision ?? 0)));
            if (batch.Revision == current)
                break;
        }

        Assert.Equal(writes.Select(write => (write.Revision, write.Key, write.Seen)), watched);
    }

    private static async Task RunAsync(IStore store, int client, ConcurrentBag<Done> history, CancellationToken cancellation)
    {
        var random = new Random(client);
        var known = Keys.ToDictionary(key => key, _ => 0L);
        for (var i = 0; i < Operations; i++)
        {
            var key = Keys[random.Next(Keys.Length)];
            var begin = Stopwatch.GetTimestamp();
            switch (random.Next(10))
            {
                case < 3:
                    var entry = await store.GetAsync(key, cancellation);
                    known[key] = entry?.ModRevision ?? 0;
                    history.Add(new(key, begin, Stopwatch.GetTimestamp(), 0, 0, known[key], false));
                    break;
                case < 4:
                    var page = await store.ListAsync(new(key, key + "\0"), default, cancellation);
                    known[key] = page.Entries is [var only] ? only.ModRevision : 0;
                    history.Add(new(key, begin, Stopwatch.GetTimestamp(), 0, 0, known[key], false));
                    break;
                case var what:
                    ReadOnlyMemory<byte>? value = what == 9 && known[key] != 0 ? default(ReadOnlyMemory<byte>?) : new byte[random.Next(2000)];
                    var expected = known[key];
                    var result = await store.WriteAsync(new(key, expected, value), cancellation);
                    known[key] = result.Entry?.ModRevision ?? 0;
                    history.Add(new(key, begin, Stopwatch.GetTimestamp(), result.Revision, expected, known[key], result.Committed));
                    break;
            }
        }
    }

    /// <param name="Seen">The revision at which the key is afterwards, or was found; 0: absent.</param>
    private sealed record Done(string Key, long Begin, long End, long Revision, long Expected, long Seen, bool Committed);
}
