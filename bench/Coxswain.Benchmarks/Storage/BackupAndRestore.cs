using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Coxswain.ApiServer;
using Coxswain.Backup;
using Coxswain.Storage;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Benchmarks.Storage;

/// <summary>A backup of 200,000 objects of 1 KiB, its verification and its restoration; at most 30 s for the first two.</summary>
internal static class BackupAndRestore
{
    private const int Objects = 200_000;

    public static async Task RunAsync()
    {
        using var scratch = new Scratch();
        var secret = BackupSecret.FromPassphrase("a long enough passphrase");
        var file = scratch.Path("state" + BackupFile.Extension);
        await SqliteStore.CreateAsync(scratch.Path("store.db"), Pages(), after: 1, CancellationToken.None);
        await using var store = SqliteStore.Open(scratch.Path("store.db"));

        var since = Stopwatch.GetTimestamp();
        await using (var snapshot = await store.OpenSnapshotAsync(CancellationToken.None))
        {
            var totals = await BackupFile.WriteAsync(
                file, secret, new() { Coxswain = "bench", Kubernetes = ServerVersion.GitVersion, Cluster = "bench", StoreKind = "sqlite" }, snapshot, TimeProvider.System, CancellationToken.None);
            Report($"backup of {totals.Objects} objects, {totals.Bytes >> 20} MiB", since);
        }

        Console.WriteLine($"file: {new FileInfo(file).Length >> 20} MiB");
        var values = new StoredValues("", TimeProvider.System);
        since = Stopwatch.GetTimestamp();
        await BackupVerification.RunAsync(
            file, secret, scratch.Path("verify"), static _ => { }, e => values.Read(e.Key, e.Value) ? ValueVerdict.Readable : ValueVerdict.Opaque, TimeProvider.System, CancellationToken.None);
        Report("verification: restored, read back, hashed and decoded", since);

        since = Stopwatch.GetTimestamp();
        await BackupVerification.CheckAsync(file, secret, CancellationToken.None);
        Report("check alone", since);

        since = Stopwatch.GetTimestamp();
        await using (var reader = await BackupFile.OpenAsync(file, secret, CancellationToken.None))
        {
            await reader.ReadFilesAsync();
            await SqliteStore.CreateAsync(scratch.Path("restored.db"), reader.ReadEntriesAsync(CancellationToken.None), reader.Header.Revision + 1_000_000_000, CancellationToken.None);
        }

        Report("restoration without checks", since);
        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"peak memory: {process.PeakWorkingSet64 >> 20} MiB, CPU {process.TotalProcessorTime.TotalSeconds:f1} s");
    }

    /// <summary>ConfigMaps of about 1 KiB, half of it text that does not repeat.</summary>
    private static async IAsyncEnumerable<IReadOnlyList<StoreEntry>> Pages()
    {
        await Task.Yield();
        var noise = new byte[360];
        foreach (var part in Enumerable.Range(0, Objects).Chunk(1000))
        {
            var page = new List<StoreEntry>(part.Length);
            foreach (var i in part)
            {
                RandomNumberGenerator.Fill(noise);
                var json = $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c-{{{i:d6}}}","namespace":"ns-{{{i / 2000:d3}}}","uid":"{{{Guid.NewGuid()}}}","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"bench","part-of":"the-house"}},"data":{"text":"{{{new string('x', 330)}}}","noise":"{{{Convert.ToBase64String(noise)}}}"}}""";
                page.Add(new($"/registry/configmaps/ns-{i / 2000:d3}/c-{i:d6}", Encoding.UTF8.GetBytes(json), 1, 1));
            }

            yield return page;
        }
    }

    private static void Report(string what, long since) => Console.WriteLine($"{what}: {Stopwatch.GetElapsedTime(since).TotalSeconds:f2} s");
}
