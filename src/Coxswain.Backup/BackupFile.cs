using System.Security.Cryptography;
using System.Text.Json;
using Coxswain.Storage;

namespace Coxswain.Backup;

/// <summary>What a new backup is made of.</summary>
public sealed record BackupContent
{
    public required string Coxswain { get; init; }
    public required string Kubernetes { get; init; }
    public required string Cluster { get; init; }
    public required string StoreKind { get; init; }

    /// <summary>The keys of the store that belong to the cluster.</summary>
    public string Prefix { get; init; } = "/registry/";

    public IReadOnlyList<BackupEntryFile> Files { get; init; } = [];
}

/// <summary>Makes and opens backups.</summary>
public static class BackupFile
{
    /// <summary>The end of the names of backups.</summary>
    public const string Extension = ".coxswain-backup";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a snapshot and files into a new file, which is on disk and complete when this returns. The caller gives it
    /// its final name then; after a failure nothing is left.</summary>
    /// <exception cref="BackupException">It cannot be written.</exception>
    public static Task<BackupTotals> WriteAsync(
        string path, BackupSecret secret, BackupContent content, StoreSnapshot snapshot, TimeProvider clock, CancellationToken cancellation) =>
        WriteAsync(path, secret, content, snapshot, clock.GetUtcNow(), RandomNumberGenerator.GetBytes(BackupKeys.SaltBytes), BackupKeys.DefaultIterations, cancellation);

    /// <summary>Opens a backup.</summary>
    /// <exception cref="BackupException">It is not one, is damaged or newer, or the secret is another one.</exception>
    public static Task<BackupReader> OpenAsync(string path, BackupSecret secret, CancellationToken cancellation) =>
        BackupReader.OpenAsync(path, secret, cancellation);

    /// <summary>What is known of a backup without its secret.</summary>
    /// <exception cref="BackupException">It is not one, or is damaged or newer.</exception>
    public static async Task<(BackupHeader Header, BackupProof? Proof)> ReadHeaderAsync(string path, CancellationToken cancellation)
    {
        await using var file = OpenRead(path);
        var preamble = await BackupPreamble.ReadAsync(file, cancellation);
        return (preamble.Header, preamble.Proof);
    }

    internal static async Task<BackupTotals> WriteAsync(
        string path, BackupSecret secret, BackupContent content, StoreSnapshot snapshot, DateTimeOffset now, byte[] salt, int iterations, CancellationToken cancellation)
    {
        var range = StoreRange.Prefix(content.Prefix);
        var header = new BackupHeader
        {
            CreatedAt = now,
            Coxswain = content.Coxswain,
            Kubernetes = content.Kubernetes,
            Cluster = content.Cluster,
            Store = content.StoreKind,
            Revision = snapshot.Revision,
            Objects = await snapshot.CountAsync(range, cancellation),
            KeyDerivation = secret.IsKey ? new(BackupKeys.KeyFile, 1, salt) : new(BackupKeys.Passphrase, iterations, salt),
        };
        var keys = BackupKeys.Derive(secret, header.KeyDerivation);
        var (beginning, headerHash) = BackupPreamble.Write(header, keys);
        var made = false;
        try
        {
            await using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly, Options = FileOptions.Asynchronous, BufferSize = 0,
            });
            made = true;
            await file.WriteAsync(beginning, cancellation);
            var totals = await WriteRecordsAsync(file, new(keys, headerHash), content, snapshot, range, cancellation);
            if (totals.Objects != header.Objects)
                throw new BackupException($"The store gave {totals.Objects} keys where it has {header.Objects}.");
            file.Flush(flushToDisk: true);
            return totals;
        }
        catch (Exception e)
        {
            if (made)
                File.Delete(path);
            if (e is IOException or UnauthorizedAccessException)
                throw new BackupException($"The backup cannot be written: {e.Message}", e);
            throw;
        }
    }

    internal static FileStream OpenRead(string path)
    {
        try
        {
            return new(path, new FileStreamOptions
            {
                Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 64 << 10,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"It cannot be read: {e.Message}", e);
        }
    }

    private static async Task<BackupTotals> WriteRecordsAsync(
        FileStream file, ChunkCipher cipher, BackupContent content, StoreSnapshot snapshot, StoreRange range, CancellationToken cancellation)
    {
        await using var writer = new ChunkWriter(file, cipher);
        var manifest = new BackupManifest([.. content.Files.Select(f => f.Name)], content.Prefix);
        await writer.RecordAsync(RecordKind.Manifest, JsonSerializer.SerializeToUtf8Bytes(manifest, BackupJson.Default.BackupManifest));
        foreach (var part in content.Files)
            await writer.FileAsync(part);
        using var hash = new EntryHash();
        await foreach (var page in snapshot.ReadAsync(range, cancellation))
        {
            foreach (var entry in page)
            {
                hash.Append(entry);
                await writer.EntryAsync(entry);
            }
        }

        var totals = new BackupTotals(hash.Objects, hash.Bytes, content.Files.Count, hash.Result());
        await writer.EndAsync(totals);
        await writer.FinishAsync();
        return totals;
    }
}
