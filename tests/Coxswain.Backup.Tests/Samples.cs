using System.Security.Cryptography;
using System.Text;
using Coxswain.Storage;

namespace Coxswain.Backup.Tests;

/// <summary>Small backups in a folder that goes with the test.</summary>
internal sealed class Samples : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    public static readonly BackupSecret Secret = BackupSecret.FromPassphrase("correct horse battery staple");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string Folder { get; } = Directory.CreateTempSubdirectory("coxswain-backup-").FullName;

    public string PathOf(string name) => Path.Combine(Folder, name);

    public static BackupContent Content { get; } = new()
    {
        Coxswain = "0.1.0",
        Kubernetes = "v1.34.0",
        Cluster = "c0ffee",
        StoreKind = "memory",
        Files =
        [
            new("pki/ca.crt", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, "certificate"u8.ToArray()),
            new("pki/ca.key", UnixFileMode.UserRead | UnixFileMode.UserWrite, "key"u8.ToArray()),
        ],
    };

    public static async Task<MemoryStore> StoreAsync(params IEnumerable<(string Key, byte[] Value)> entries)
    {
        var store = new MemoryStore();
        foreach (var (key, value) in entries)
            await store.WriteAsync(new(key, 0, value), Cancellation);
        return store;
    }

    public static IEnumerable<(string Key, byte[] Value)> Some(int count) =>
        Enumerable.Range(0, count).Select(i => ($"/registry/configmaps/default/c{i:00000}", Encoding.UTF8.GetBytes($"value {i}")));

    /// <summary>A backup whose bytes depend on its content only.</summary>
    public async Task<string> WriteAsync(string name, IStore store, BackupSecret? secret = null, DateTimeOffset? now = null, BackupContent? content = null)
    {
        var path = PathOf(name);
        await using var snapshot = await StoreSnapshot.OpenAsync(store, Cancellation);
        await BackupFile.WriteAsync(
            path, secret ?? Secret, content ?? Content, snapshot, now ?? Now, SHA256.HashData(Encoding.UTF8.GetBytes(name)), iterations: 1000, Cancellation);
        return path;
    }

    public static async Task<(List<StoreEntry> Entries, IReadOnlyList<BackupEntryFile> Files, BackupTotals Totals)> ReadAsync(string path, BackupSecret? secret = null)
    {
        await using var reader = await BackupFile.OpenAsync(path, secret ?? Secret, Cancellation);
        var (_, files) = await reader.ReadFilesAsync();
        var entries = new List<StoreEntry>();
        await foreach (var page in reader.ReadEntriesAsync(Cancellation))
            entries.AddRange(page);
        return (entries, files, reader.Totals!);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
