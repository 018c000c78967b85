using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coxswain.Storage.Tests;

/// <summary>Records what clients and watches of one store are told, and when; all of it must be explained by one order of all writes.</summary>
/// <remarks>Revisions name that order, so the check is direct. (1) The first watch shows the order without a gap, each change with what
/// was there before it. (2) Every acknowledged write stands in it at its revision as it was written; every other change is a write
/// whose outcome its client was not told. (3) If one write ended before another began, their revisions agree. (4) A read or a lost
/// race shows the newest write of its key at some moment between its begin and its end; a list shows all keys at one such moment,
/// or at the revision that was asked for. (5) The other watches, which stop and go on from where they were, show the same order.</remarks>
#pragma warning disable CA1001 // The token source has no timer: there is nothing to give back.
public sealed class StoreHistory
#pragma warning restore CA1001
{
    private const int Watches = 3;

    private readonly IStore _store;
    private readonly StoreRange _everything;
    private readonly string[] _keys;
    private readonly long _start;
    private readonly ConcurrentBag<Write> _writes = [];
    private readonly ConcurrentBag<Look> _looks = [];
    private readonly List<StoreChange>[] _watched = [.. Enumerable.Range(0, Watches).Select(_ => new List<StoreChange>())];
    private readonly long[] _seen = new long[Watches];
    private readonly Task[] _watches;
    private readonly CancellationTokenSource _ending = new();
    private long _end = long.MaxValue;
    private long _compacted;

    private StoreHistory(IStore store, string root, long start, CancellationToken cancellation)
    {
        (_store, _start, _everything) = (store, start, StoreRange.Prefix(root + "/"));
        _keys = [root + "/a", root + "/b", root + "/c"];
        Array.Fill(_seen, start);
        _watches = [.. Enumerable.Range(0, Watches).Select(watch => Task.Run(() => WatchAsync(watch, cancellation), cancellation))];
    }

    /// <summary>How many writes were acknowledged so far.</summary>
    public int Acknowledged => _writes.Count(write => write.Committed);

    /// <summary>Starts the watches. Nobody but this history may write below the root.</summary>
    public static async Task<StoreHistory> BeginAsync(IStore store, string root, CancellationToken cancellation) =>
        new(store, root, (await store.GetRevisionsAsync(cancellation)).Current, cancellation);

    /// <summary>Lets clients work at once. May be called again.</summary>
    public async Task RunAsync(int clients, int operations, CancellationToken cancellation)
    {
        var seed = _writes.Count;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => RunAsync(new Random(seed + client), operations, cancellation), cancellation)));
    }

    /// <summary>Waits until the watches have seen all.</summary>
    public async Task EndAsync(CancellationToken cancellation)
    {
        // A write whose outcome is unknown may still be under way: the last one, which is acknowledged, comes after it.
        for (var committed = false; !committed;)
        {
            var known = await _store.GetAsync(_keys[0], cancellation);
            committed = await WriteAsync(_keys[0], known?.ModRevision ?? 0, new byte[1], cancellation) is { Committed: true };
        }

        Volatile.Write(ref _end, _writes.Max(write => write.Revision));

        // A watch that has seen the last write already would wait for another one.
        await _ending.CancelAsync();
        await Task.WhenAll(_watches).WaitAsync(TimeSpan.FromMinutes(1), cancellation);
    }

    /// <summary>Fails with the first thing that no order explains.</summary>
    public void Check()
    {
        var order = _watched[0];
        var states = CheckOrder(order);
        var writes = MatchWrites(order);
        CheckTimes(writes);
        foreach (var look in _looks)
            CheckLook(look, writes, states);
        foreach (var watched in _watched)
            Assert.Equal(order, watched);
    }

    private Dictionary<string, List<StoreEntry?>> CheckOrder(List<StoreChange> order)
    {
        // The state of each key after each change; the first is that before all.
        var states = _keys.ToDictionary(key => key, _ => new List<StoreEntry?> { null });
        var newest = _keys.ToDictionary(key => key, _ => default(StoreEntry?));
        var revision = _start;
        foreach (var change in order)
        {
            Assert.Equal(++revision, change.Revision);
            Assert.Equal(newest[change.Key], change.Before);
            if (change.After is { } after)
                Assert.Equal((change.Revision, change.Before?.CreateRevision ?? change.Revision), (after.ModRevision, after.CreateRevision));
            newest[change.Key] = change.After;
            foreach (var key in _keys)
                states[key].Add(newest[key]);
        }

        return states;
    }

    /// <returns>The write of each change, in order.</returns>
    private List<Write> MatchWrites(List<StoreChange> order)
    {
        var committed = _writes.Where(write => write.Committed).ToDictionary(write => write.Revision);
        var unknown = _writes.Where(write => write.Unknown).ToList();
        var writes = new List<Write>();
        foreach (var change in order)
        {
            if (!committed.Remove(change.Revision, out var write))
            {
                write = unknown.Find(candidate => Made(candidate, change));
                Assert.True(write is not null, $"revision {change.Revision} of {change.Key} was written by nobody");
                unknown.Remove(write);
            }

            Assert.True(Made(write, change), $"revision {change.Revision} of {change.Key} is not what was written");
            writes.Add(write);
        }

        Assert.True(committed.Count == 0, $"acknowledged and not there: {string.Join(", ", committed.Keys.Order())}");
        return writes;
    }

    private static bool Made(Write write, StoreChange change) =>
        write.Key == change.Key && write.Expected == (change.Before?.ModRevision ?? 0) && write.Value is null == change.After is null
        && (write.Value is null || write.Value.AsSpan().SequenceEqual(change.After!.Value.Span));

    private static void CheckTimes(List<Write> writes)
    {
        var latestBegin = 0L;
        foreach (var write in writes)
        {
            Assert.True(write.End > latestBegin, $"revision {write.Revision} ended before an earlier revision began");
            latestBegin = Math.Max(latestBegin, write.Begin);
        }
    }

    private void CheckLook(Look look, List<Write> writes, Dictionary<string, List<StoreEntry?>> states)
    {
        // Whatever ended before the look began is seen, and nothing that began after it ended.
        var (first, last) = (0, writes.Count);
        for (var i = 0; i < writes.Count; i++)
        {
            if (writes[i].End < look.Begin)
                first = i + 1;
            if (writes[i].Begin > look.End)
            {
                last = i;
                break;
            }
        }

        if (look.Asked != 0)
            (first, last) = ((int)(look.Asked - _start), (int)(look.Asked - _start));
        else if (look.Revision != 0)
            (first, last) = (Math.Max(first, (int)(look.Revision - _start)), Math.Min(last, (int)(look.Revision - _start)));
        var explained = false;
        for (var i = first; i <= last && !explained; i++)
            explained = look.Keys.All(key => Equals(states[key][i], look.Entries.FirstOrDefault(entry => entry.Key == key)));
        Assert.True(explained, $"{string.Join(", ", look.Keys)} at {look.Revision} (asked: {look.Asked}) was seen as {string.Join(", ", look.Entries.Select(entry => $"{entry.Key}@{entry.ModRevision}"))}, which it cannot have been");
    }

    private async Task RunAsync(Random random, int operations, CancellationToken cancellation)
    {
        var known = _keys.ToDictionary(key => key, _ => 0L);
        for (var i = 0; i < operations; i++)
        {
            var key = _keys[random.Next(_keys.Length)];
            switch (random.Next(12))
            {
                case < 3:
                    var begin = Stopwatch.GetTimestamp();
                    var entry = await _store.GetAsync(key, cancellation);
                    _looks.Add(new([key], begin, Stopwatch.GetTimestamp(), entry is null ? [] : [entry]));
                    known[key] = entry?.ModRevision ?? 0;
                    break;
                case 3:
                    foreach (var found in await ListAsync(0, random, cancellation))
                        known[found.Key] = found.ModRevision;
                    break;
                case 4:
                    await ListAsync(Math.Max(_start, known.Values.Max() - random.Next(50)), random, cancellation);
                    break;
                case 5 when random.Next(10) == 0:
                    // Never past what the watches have seen: they would be right to end.
                    var target = _seen.Min();
                    Interlocked.Exchange(ref _compacted, Math.Max(Interlocked.Read(ref _compacted), target));
                    await CompactAsync(target, cancellation);
                    break;
                case var what:
                    var value = new byte[random.Next(16, 2000)];
                    random.NextBytes(value);
                    if (await WriteAsync(key, known[key], what == 11 && known[key] != 0 ? null : value, cancellation) is { } result)
                        known[key] = result.Entry?.ModRevision ?? 0;
                    break;
            }
        }
    }

    private async Task<WriteResult?> WriteAsync(string key, long expected, byte[]? value, CancellationToken cancellation)
    {
        var begin = Stopwatch.GetTimestamp();
        try
        {
            var result = await _store.WriteAsync(new(key, expected, value is null ? default(ReadOnlyMemory<byte>?) : value), cancellation);
            var end = Stopwatch.GetTimestamp();
            if (result.Committed)
                _writes.Add(new(key, begin, end, expected, value, result.Revision));
            else
                _looks.Add(new([key], begin, end, result.Entry is null ? [] : [result.Entry]));
            return result;
        }
        catch (StoreException)
        {
            _writes.Add(new(key, begin, long.MaxValue, expected, value, 0));
            return null;
        }
    }

    private async Task<IReadOnlyList<StoreEntry>> ListAsync(long revision, Random random, CancellationToken cancellation)
    {
        var begin = Stopwatch.GetTimestamp();
        try
        {
            var page = await _store.ListAsync(_everything, new(revision), cancellation);
            _looks.Add(new(_keys, begin, Stopwatch.GetTimestamp(), page.Entries) { Asked = revision, Revision = page.Revision });
            return page.Entries;
        }
        catch (CompactedException) when (revision != 0 && revision < Interlocked.Read(ref _compacted))
        {
            return [];
        }
        catch (StoreException)
        {
            // Out of reach for a moment: nothing was seen.
            await Task.Delay(random.Next(5), cancellation);
            return [];
        }
    }

    private async Task CompactAsync(long revision, CancellationToken cancellation)
    {
        try
        {
            await _store.CompactAsync(revision, cancellation);
        }
        catch (StoreException)
        {
            // It may or may not have been done, like a write.
        }
    }

    private async Task WatchAsync(int watch, CancellationToken cancellation)
    {
        var random = new Random(watch);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        while (_seen[watch] < Volatile.Read(ref _end))
        {
            try
            {
                var token = _ending.IsCancellationRequested ? cancellation : either.Token;
                // The first stays; the others begin anew every now and then.
                var batches = watch == 0 ? int.MaxValue : random.Next(1, 30);
                await foreach (var batch in _store.WatchAsync(_everything, _seen[watch], token))
                {
                    _watched[watch].AddRange(batch.Changes);
                    Volatile.Write(ref _seen[watch], batch.Revision);
                    if (--batches == 0 || batch.Revision >= Volatile.Read(ref _end))
                        break;
                }
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                // Now it is known how far to watch.
            }
            catch (StoreException)
            {
                await Task.Delay(5, cancellation);
            }
        }
    }

    /// <param name="Revision">0: the client was not told the outcome.</param>
    private sealed record Write(string Key, long Begin, long End, long Expected, byte[]? Value, long Revision)
    {
        public bool Committed => Revision != 0;

        public bool Unknown => Revision == 0;
    }

    private sealed record Look(string[] Keys, long Begin, long End, IReadOnlyList<StoreEntry> Entries)
    {
        public long Asked { get; init; }

        public long Revision { get; init; }
    }
}
