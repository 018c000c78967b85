using Coxswain.Security;
using Coxswain.Storage;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Backup;

/// <summary>What a verification found.</summary>
/// <param name="Opaque">How many values could not be looked into, because they are encrypted with a key of another program.</param>
public sealed record VerificationReport(long Objects, long Bytes, string Hash, long Opaque, TimeSpan Took);

/// <summary>Whether a stored value can be read by the API server.</summary>
public enum ValueVerdict
{
    Readable,

    /// <summary>Encrypted by something that only the running cluster can ask.</summary>
    Opaque,
}

/// <summary>Restores a backup into a scratch store in this process and looks whether all is there.</summary>
public static class BackupVerification
{
    /// <summary>Reads all of a backup: it is whole, and everything in it is as it was written. Changes nothing.</summary>
    public static async Task<BackupTotals> CheckAsync(string path, BackupSecret secret, CancellationToken cancellation)
    {
        await using var reader = await BackupFile.OpenAsync(path, secret, cancellation);
        await reader.ReadFilesAsync();
        await foreach (var page in reader.ReadEntriesAsync(cancellation))
            cancellation.ThrowIfCancellationRequested();
        return reader.Totals!;
    }

    /// <summary>Restores into a scratch folder, reads that back, and notes in the backup that it was verified.</summary>
    /// <param name="scratch">A folder that does not exist; it is made and removed.</param>
    /// <param name="files">Looks at the files, which lie in the folder that it is given.</param>
    /// <param name="decode">Reads a value as the API server would; throws if it cannot. Called on all cores.</param>
    /// <exception cref="BackupException">It cannot be restored; the message says why.</exception>
    public static async Task<VerificationReport> RunAsync(
        string path, BackupSecret secret, string scratch, Action<string> files, Func<StoreEntry, ValueVerdict> decode, TimeProvider clock, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        SecureFile.CreateDirectory(scratch);
        try
        {
            await using var reader = await BackupFile.OpenAsync(path, secret, cancellation);
            WriteFiles(scratch, (await reader.ReadFilesAsync()).Files);
            files(scratch);
            var database = Path.Combine(scratch, "scratch.db");
            await SqliteStore.CreateAsync(database, reader.ReadEntriesAsync(cancellation), reader.Header.Revision, cancellation);
            var totals = reader.Totals!;
            var opaque = await ReadBackAsync(database, totals, decode, cancellation);
            var took = clock.GetElapsedTime(started);
            await reader.NoteAsync(new(clock.GetUtcNow(), took, totals.Objects));
            return new(totals.Objects, totals.Bytes, Convert.ToHexStringLower(totals.Hash), opaque, took);
        }
        catch (StoreException e)
        {
            throw new BackupException($"It could not be restored: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Puts the files of a backup into a folder.</summary>
    public static void WriteFiles(string folder, IReadOnlyList<BackupEntryFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file.Name);
            SecureFile.CreateDirectory(Path.GetDirectoryName(path)!);
            SecureFile.Write(path, file.Content, file.Mode);
        }
    }

    private static async Task<long> ReadBackAsync(string database, BackupTotals totals, Func<StoreEntry, ValueVerdict> decode, CancellationToken cancellation)
    {
        await using var store = SqliteStore.Open(database);
        await using var snapshot = await store.OpenSnapshotAsync(cancellation);
        using var hash = new EntryHash();
        long opaque = 0;
        var decoding = Task.CompletedTask;
        await foreach (var page in snapshot.ReadAsync(new("", null), cancellation))
        {
            await decoding;
            decoding = Task.Run(() => DecodeAll(page), cancellation);
            foreach (var entry in page)
                hash.Append(entry);
        }

        await decoding;
        if (hash.Objects != totals.Objects || !hash.Result().AsSpan().SequenceEqual(totals.Hash))
            throw new BackupException("What was restored is not what was backed up.");
        return opaque;

        void DecodeAll(IReadOnlyList<StoreEntry> page)
        {
            try
            {
                Parallel.ForEach(page, Decode);
            }
            catch (AggregateException e) when (e.InnerException is BackupException first)
            {
                throw first;
            }
        }

        void Decode(StoreEntry entry)
        {
            try
            {
                if (decode(entry) == ValueVerdict.Opaque)
                    Interlocked.Increment(ref opaque);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new BackupException($"The value of {entry.Key} cannot be read: {e.Message}", e);
            }
        }
    }
}
