using System.Globalization;
using System.Text;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Processes;

/// <summary>Writes as fast as it can, watches what is written, and says which writes were acknowledged and what was watched, until it is killed.</summary>
internal static class CrashWriter
{
    public const string Role = "crash-writer";
    public const int Watches = 3;
    private const int Writers = 8;

    /// <param name="from">The revisions after which the watches go on, with commas between.</param>
    public static async Task<int> RunAsync(string path, string round, string from)
    {
        await using var store = SqliteStore.Open(path, new() { CheckpointBytes = 1 << 20, LogCount = 256 });
        var output = new Lock();
        await using var stdout = Console.OpenStandardOutput();
        void Say(string line)
        {
            lock (output)
                stdout.Write(Encoding.ASCII.GetBytes(line));
        }

        var seen = from.Split(',').Select(revision => long.Parse(revision, CultureInfo.InvariantCulture)).ToArray();
        await Task.WhenAll(
        [
            .. Enumerable.Range(0, Writers).Select(writer => WriteAsync(store, $"/{round}/{writer}", seen, Say)),
            .. Enumerable.Range(0, Watches).Select(watch => WatchAsync(store, watch, seen, Say)),
        ]);
        return 0;
    }

    private static async Task WriteAsync(SqliteStore store, string prefix, long[] seen, Action<string> say)
    {
        // A new key, two updates, a deletion of every other one.
        for (var i = 0L; ; i++)
        {
            var key = $"{prefix}/{i / 4}";
            var current = await store.GetAsync(key, CancellationToken.None);
            var delete = i % 8 == 7;
            ReadOnlyMemory<byte>? value = delete ? default(ReadOnlyMemory<byte>?) : WriteLedger.Value(key, i);
            var result = await store.WriteAsync(new(key, current?.ModRevision ?? 0, value), CancellationToken.None);
            if (result.Committed)
                say($"A {result.Revision} {key} {(delete ? -1 : i)}\n");

            // Never what a watch has not said yet: it goes on from there in the next round.
            if (i % 64 == 63 && seen.Min(revision => Volatile.Read(ref revision)) - 2000 is > 0 and var target)
                await store.CompactAsync(target, CancellationToken.None);
        }
    }

    private static async Task WatchAsync(SqliteStore store, int watch, long[] seen, Action<string> say)
    {
        await foreach (var batch in store.WatchAsync(StoreRange.Prefix("/"), seen[watch], CancellationToken.None))
        {
            var lines = new StringBuilder();
            foreach (var change in batch.Changes)
                lines.Append(CultureInfo.InvariantCulture, $"W {watch} {change.Revision} {change.Key} {change.After?.Value.Length ?? -1}\n");
            say(lines.ToString());
            Volatile.Write(ref seen[watch], batch.Revision);
        }
    }
}
