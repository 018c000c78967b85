using System.Text;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Processes;

/// <summary>Writes as fast as it can and says which writes were acknowledged, until it is killed.</summary>
internal static class CrashWriter
{
    public const string Role = "crash-writer";
    private const int Writers = 8;

    /// <summary>What stands under a key: long enough to span pages, and telling whether any byte of it is wrong.</summary>
    public static byte[] Value(string key, long seed)
    {
        var text = $"{key}#{seed};";
        return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, 1 + (int)(seed * 7919 % 4000 / text.Length))));
    }

    public static async Task<int> RunAsync(string path, string round)
    {
        await using var store = SqliteStore.Open(path, new() { CheckpointBytes = 1 << 20 });
        var output = new Lock();
        await using var stdout = Console.OpenStandardOutput();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(store, $"/{round}/{writer}", line =>
        {
            lock (output)
                stdout.Write(Encoding.ASCII.GetBytes(line));
        })));
        return 0;
    }

    private static async Task WriteAsync(SqliteStore store, string prefix, Action<string> acknowledged)
    {
        // A new key, two updates, a deletion of every other one.
        for (var i = 0L; ; i++)
        {
            var key = $"{prefix}/{i / 4}";
            var current = await store.GetAsync(key, CancellationToken.None);
            var delete = i % 8 == 7;
            ReadOnlyMemory<byte>? value = delete ? default(ReadOnlyMemory<byte>?) : Value(key, i);
            var result = await store.WriteAsync(new(key, current?.ModRevision ?? 0, value), CancellationToken.None);
            if (result.Committed)
                acknowledged($"{result.Revision} {key} {(delete ? -1 : i)}\n");
            if (i % 64 == 63)
                await store.CompactAsync(Math.Max(1, result.Revision - 5000), CancellationToken.None);
        }
    }
}
